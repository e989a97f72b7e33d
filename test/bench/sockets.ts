import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inspected } from '../harness/inspected.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';
import { now } from './clock.ts';
import type { Report } from './figures.ts';
import type { OpenIdle } from './idle-sockets.ts';
import { cpuOfEach, measureJoins } from './joins.ts';
import { Players } from './players.ts';
import { percentile, spread } from './statistics.ts';

const STREAM = 'bench';
const CONCURRENCY = 32;
const PLAYERS = 300;
const KICKS = 3;
const IDLE = 5_000;
/** Sockets that are opened first, so that the code and the connections of the server are there. */
const WARM = 200;
/** Three pings of each socket. */
const PINGS_MS = 15_000;

/** Measures sockets of the Web SDK: joins, terminations as pages see them, and what idle sockets cost. */
export async function benchSockets(report: Report): Promise<void> {
  await joinAndKick(report);
  await stayIdle(report);
}

async function joinAndKick(report: Report): Promise<void> {
  const server = await TestServer.start({ mediaServer: { webSdk: {} } });
  const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/${STREAM}`);
  try {
    await publisher.connected();
    const joins = await measureJoins(server, server.socketUrl, { concurrency: CONCURRENCY, stream: STREAM });
    report(`joins over sockets, ${CONCURRENCY} at a time`, `${joins.perSecond.toFixed(0)} a second`, {
      measured: joins.perSecond,
      atLeast: 250,
      unit: 'a second',
    });
    report('… from opening the socket to the SDP answer, seen by the client', spread(joins.postMs));
    report('… CPU time of the server for each', cpuOfEach(joins));
    const knewMs: number[] = [];
    for (let round = 0; round < KICKS; round++) knewMs.push(...(await kick(server)));
    report(`terminate of ${PLAYERS} players: call until each page has the status FAILED`, spread(knewMs), {
      measured: percentile(knewMs, 0.99),
      atMost: 60,
      unit: 'ms, p99',
    });
  } finally {
    publisher.close();
    await server.stop();
  }
}

/** Milliseconds from the call until each page has the event. */
async function kick(server: TestServer): Promise<number[]> {
  const players = new Players({ stream: STREAM });
  try {
    await players.start(server.socketUrl, PLAYERS);
    const orderedAt = now();
    const { status } = await server.terminate({ name: STREAM, published: false });
    if (status !== 200) throw new Error(`terminate answered ${status}`);
    await until('every page knows', () => players.endedAt.length === PLAYERS);
    return players.endedAt.map((at) => at - orderedAt);
  } finally {
    players.stop();
  }
}

async function stayIdle(report: Report): Promise<void> {
  const port = await freePort();
  const env = { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` };
  const server = await TestServer.start({ mediaServer: { webSdk: {}, limits: { connections: 0 } }, env });
  const pages = fork(new URL('./idle-sockets.ts', import.meta.url));
  try {
    const inspected = await Inspected.connect(port);
    await open(pages, { url: server.socketUrl, count: WARM });
    const before = await inspected.usedHeap();
    await open(pages, { url: server.socketUrl, count: IDLE });
    const perSocket = ((await inspected.usedHeap()) - before) / IDLE / 1024;
    inspected.close();
    report(`heap of the server per idle socket with its session, ${IDLE} of them`, `${perSocket.toFixed(1)} KiB`, {
      measured: perSocket,
      atMost: 20,
      unit: 'KiB',
    });
    const { cpu, pongs } = await pinged(server);
    report(`${WARM + IDLE} idle sockets, pinged every 5 s: CPU of the server`, `${cpu.toFixed(1)} % of a core`, {
      measured: cpu,
      atMost: 5,
      unit: '%',
    });
    report('… pongs a second', pongs.toFixed(0));
  } finally {
    pages.kill('SIGKILL');
    await server.stop();
  }
}

async function open(pages: ChildProcess, order: OpenIdle): Promise<void> {
  pages.send(order);
  const exited = once(pages, 'exit').then(() => {
    throw new Error('the process of the idle sockets has ended');
  });
  await Promise.race([once(pages, 'message'), exited]);
}

async function pinged(server: TestServer): Promise<{ cpu: number; pongs: number }> {
  const spent = async () => ({
    cpu: await server.metric('process_cpu_seconds_total'),
    pongs: await server.metric('sluice_websdk_messages_total', { message: 'pong' }),
  });
  // The garbage of their opening is collected.
  await sleep(PINGS_MS / 3);
  const [before, startedAt] = [await spent(), performance.now()];
  await sleep(PINGS_MS);
  const after = await spent();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { cpu: ((after.cpu - before.cpu) / seconds) * 100, pongs: (after.pongs - before.pongs) / seconds };
}
