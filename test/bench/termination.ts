import { Backend } from '../harness/backend.ts';
import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';
import { now } from './clock.ts';
import type { Report } from './figures.ts';
import { Players } from './players.ts';
import { percentile, spread } from './statistics.ts';

/** Measures when 1, 100 and 500 streams end by REST, and by 403 among 500 live streams, and when each client knows. */
export async function benchTermination(report: Report): Promise<void> {
  const backend = await Backend.start();
  const server = await TestServer.start({ hookUrl: backend.url, keepAliveInterval: '2s' });
  const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/bench`);
  try {
    await publisher.connected();
    await until('it is live', async () => (await server.streams()).some((s) => s['status'] === 'PUBLISHING'));
    const heapBefore = await server.metric('nodejs_heap_size_used_bytes');
    for (const count of [1, 100, 500]) await terminateMany(report, server, count);
    await refuseSome(report, server, backend);
    const heapAfter = await server.metric('nodejs_heap_size_used_bytes');
    report('heap of the server before and after all that', `${mebi(heapBefore)} and ${mebi(heapAfter)} MiB`);
  } finally {
    publisher.close();
    await server.stop();
    await backend.close();
  }
}

async function terminateMany(report: Report, server: TestServer, count: number): Promise<void> {
  const players = new Players();
  try {
    await players.start(`${server.url}/whep/defaultApp/bench`, count);
    const orderedAt = now();
    const { status } = await server.terminate({ name: 'bench', published: false });
    const answeredMs = now() - orderedAt;
    if (status !== 200) throw new Error(`terminate answered ${status}`);
    report(`terminate of ${count}: call to its answer, all transports closed`, `${answeredMs.toFixed(1)} ms`);
    await until('every client knows', () => players.endedAt.length === count, { timeoutMs: 20_000 });
    const knewMs = players.endedAt.map((at) => at - orderedAt);
    const late = knewMs.filter((ms) => ms > 1000).length;
    report(`terminate of ${count}: call until each client has noticed`, `${spread(knewMs)}, ${late} over 1 s`);
  } finally {
    players.stop();
  }
}

/** Measures the time from a 403 of the backend to the report of the end, which follows the close of the transport. */
async function refuseSome(report: Report, server: TestServer, backend: Backend): Promise<void> {
  const players = new Players();
  try {
    await players.start(`${server.url}/whep/defaultApp/bench`, 500);
    const refusedAt = new Map<unknown, number>();
    backend.calls.length = 0;
    backend.answer = ({ body, method }) => {
      if (method !== 'StreamKeepAliveEvent' || body['published'] === true || refusedAt.size >= 100) return 200;
      refusedAt.set(body['mediaSessionId'], performance.now());
      return 403;
    };
    const heard = () =>
      backend.of('StreamStatusEvent').filter(({ body }) => body['info'] === 'Terminated by keep-alive');
    await until('a hundred have ended', () => heard().length === 100, { timeoutMs: 20_000 });
    const tookMs = heard().map(({ at, body }) => at - (refusedAt.get(body['mediaSessionId']) ?? 0));
    report('403 sent to transport closed and its event, 500 live', spread(tookMs), {
      measured: percentile(tookMs, 0.99),
      atMost: 50,
      unit: 'ms, p99',
    });
  } finally {
    backend.allowAll();
    players.stop();
  }
}

function mebi(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
