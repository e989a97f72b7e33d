import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import { Pool } from 'undici';
import { decidePolicy } from '../../media-server/keepalive/policy.ts';
import { KeepAlive } from '../../media-server/keepalive/schedule.ts';
import type { Stream } from '../../media-server/streams/stream.ts';
import { streamBody } from '../../media-server/streams/stream-object.ts';
import { systemClock } from '../../process/clock.ts';
import { checkedApp, liveStreams } from '../builders/live-streams.ts';
import type { Report } from './figures.ts';
import { type Load, measureLoad } from './load.ts';

const NODE_ID = 'bench-0@127.0.0.1';
const CONNECTIONS = 256;
const STREAMS = 10_000;
const INTERVAL_MS = 10_000;
const MEASURE_MS = 20_000;

/**
 * Measures keep-alive with 10,000 live streams without media, checked every 10 s in real time by the real loop, hook
 * client and metrics, with a backend in another process over loopback. Then measures bare undici with the same bodies
 * at the same rate.
 */
export async function benchKeepAlive(report: Report): Promise<void> {
  const backend = fork(new URL('./keepalive-backend.ts', import.meta.url));
  try {
    const [port] = await once(backend, 'message');
    const origin = `http://127.0.0.1:${Number(port)}`;
    const loop = await runLoop(origin);
    const bare = await runBare(origin, loop.body);
    const what = `keep-alive of ${STREAMS.toLocaleString('en-US')} streams every ${INTERVAL_MS / 1_000} s`;
    report(`${what}: CPU`, `${percent(loop.load.cpu)} of a core, bare undici ${percent(bare.load.cpu)}`, {
      measured: loop.load.cpu * 100,
      atMost: 25,
      unit: '%',
    });
    report('… delay of the event loop', `${delays(loop.load)}; bare undici ${delays(bare.load)}`, {
      measured: loop.load.delayP99,
      atMost: 20,
      unit: 'ms, p99',
    });
    const perSecond = (answers: number): string => (answers / (MEASURE_MS / 1_000)).toFixed(0);
    report('… requests a second', `${perSecond(loop.answers)}, bare undici ${perSecond(bare.answers)}`);
    report('… a reload that visits all streams', `${loop.refreshMs.toFixed(1)} ms`);
  } finally {
    backend.kill();
  }
}

async function runLoop(origin: string) {
  const log = pino({ level: 'silent' });
  const app = checkedApp(`${origin}/MyAPI`, INTERVAL_MS, { maxConnections: CONNECTIONS });
  const { metrics, streams: live } = liveStreams(app, STREAMS, log);
  const server = { enabled: true, appKeys: ['defaultApp'] };
  let checks = 0;
  const loop = new KeepAlive<Stream>({
    clock: systemClock,
    log,
    policyOf: (stream) => decidePolicy(server, stream.app, stream.hooks),
    ask: (stream, options) => stream.hooks.keepAlive(streamBody(stream, NODE_ID), options),
    end: (stream) => {
      throw new Error(`stream ${stream.id} was ended by a backend that allows everything`);
    },
    onResult: (stream, result) => {
      if (result === 'ok') checks += 1;
      metrics.keepAliveCheck(stream.appKey, result);
    },
  });
  for (const stream of live) loop.add(stream);
  // After the first interval every connection is open and the code is warm.
  await measureLoad(INTERVAL_MS);
  checks = 0;
  const load = await measureLoad(MEASURE_MS);
  const counted = checks;
  const startedAt = performance.now();
  loop.refresh();
  const refreshMs = performance.now() - startedAt;
  loop.close();
  app.hook?.close();
  const { sdp: _sdp, ...body } = live[0] ? streamBody(live[0], NODE_ID) : {};
  return { load, answers: counted, refreshMs, body: JSON.stringify(body) };
}

async function runBare(origin: string, body: string) {
  const perSecond = (STREAMS / INTERVAL_MS) * 1_000;
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  let answers = 0;
  const post = async (): Promise<void> => {
    const response = await pool.request({
      path: '/MyAPI/StreamKeepAliveEvent',
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json;charset=UTF-8' },
    });
    await response.body.dump();
    answers += 1;
  };
  const startedAt = performance.now();
  let posted = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    for (; posted < due; posted++) post().catch(() => undefined);
  }, 1);
  await measureLoad(2_000);
  answers = 0;
  const load = await measureLoad(MEASURE_MS);
  clearInterval(timer);
  const counted = answers;
  await pool.close();
  return { load, answers: counted };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function delays({ delayMax, delayP50, delayP99 }: Load): string {
  const [p50, p99, max] = [delayP50, delayP99, delayMax].map((ms) => ms.toFixed(1));
  return `p50 ${p50}, p99 ${p99}, max ${max} ms`;
}
