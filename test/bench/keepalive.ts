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
import { type Load, measureLoad } from './load.ts';

export type KeepAliveBench = {
  readonly streams: number;
  readonly intervalMs: number;
  /** Requests per second that the backend answered. */
  readonly checksPerSecond: number;
  readonly barePerSecond: number;
  readonly keepAlive: Load;
  /** The load of the same requests at the same rate with undici alone. */
  readonly bare: Load;
  /** Time in milliseconds of a reload that visits every stream and changes nothing. */
  readonly refreshMs: number;
};

const NODE_ID = 'bench-0@127.0.0.1';
const CONNECTIONS = 256;
/**
 * Measures keep-alive with 10,000 live streams without media, checked every 10 s in real time by the real loop, hook
 * client and metrics, with a backend in another process over loopback. Then measures bare undici with the same bodies
 * at the same rate. Promise: ≤ 25 % of a core, event-loop p99 ≤ 20 ms.
 */
export async function benchKeepAlive({
  streams = 10_000,
  intervalMs = 10_000,
  seconds = 20,
} = {}): Promise<KeepAliveBench> {
  const backend = fork(new URL('./keepalive-backend.ts', import.meta.url));
  try {
    const [port] = await once(backend, 'message');
    const origin = `http://127.0.0.1:${Number(port)}`;
    const loop = await runLoop({ origin, streams, intervalMs, ms: seconds * 1_000 });
    const bare = await runBare({
      origin,
      perSecond: (streams / intervalMs) * 1_000,
      body: loop.body,
      ms: seconds * 1_000,
    });
    const result: KeepAliveBench = {
      streams,
      intervalMs,
      checksPerSecond: loop.checks / seconds,
      barePerSecond: bare.answers / seconds,
      keepAlive: loop.load,
      bare: bare.load,
      refreshMs: loop.refreshMs,
    };
    print(result);
    return result;
  } finally {
    backend.kill();
  }
}

type LoopRun = { origin: string; streams: number; intervalMs: number; ms: number };

async function runLoop({ intervalMs, ms, origin, streams }: LoopRun) {
  const log = pino({ level: 'silent' });
  const app = checkedApp(`${origin}/MyAPI`, intervalMs, { maxConnections: CONNECTIONS });
  const { metrics, streams: live } = liveStreams(app, streams, log);
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
  await measureLoad(intervalMs);
  checks = 0;
  const load = await measureLoad(ms);
  const counted = checks;
  const startedAt = performance.now();
  loop.refresh();
  const refreshMs = performance.now() - startedAt;
  loop.close();
  app.hook?.close();
  const { sdp: _sdp, ...body } = live[0] ? streamBody(live[0], NODE_ID) : {};
  return { load, checks: counted, refreshMs, body: JSON.stringify(body) };
}

type BareRun = { origin: string; perSecond: number; body: string; ms: number };

async function runBare({ body, ms, origin, perSecond }: BareRun) {
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
  const load = await measureLoad(ms);
  clearInterval(timer);
  const counted = answers;
  await pool.close();
  return { load, answers: counted };
}

function print({
  bare,
  barePerSecond,
  checksPerSecond,
  intervalMs,
  keepAlive,
  refreshMs,
  streams,
}: KeepAliveBench): void {
  console.log(`keep-alive of ${streams} streams every ${intervalMs / 1_000} s, backend in another process, real time`);
  console.log(line('the loop', checksPerSecond, keepAlive));
  console.log(line('bare undici', barePerSecond, bare));
  console.log(`  a reload that visits all streams: ${refreshMs.toFixed(1)} ms`);
}

function line(name: string, perSecond: number, { cpu, delayMax, delayP50, delayP99 }: Load): string {
  const share = `${(cpu * 100).toFixed(1)} % of a core`;
  const [p50, p99, max] = [delayP50, delayP99, delayMax].map((ms) => ms.toFixed(1));
  const delays = `event-loop delay p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
  return `  ${name.padEnd(12)} ${perSecond.toFixed(0)} requests/s, ${share}, ${delays}`;
}
