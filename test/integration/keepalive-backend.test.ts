import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { decidePolicy } from '../../media-server/keepalive/policy.ts';
import { KeepAlive } from '../../media-server/keepalive/schedule.ts';
import type { Stream } from '../../media-server/streams/stream.ts';
import { streamBody } from '../../media-server/streams/stream-object.ts';
import { systemClock } from '../../process/clock.ts';
import { checkedApp, liveStreams } from '../builders/live-streams.ts';
import { Backend, type Reply } from '../harness/backend.ts';
import { until } from '../harness/wait.ts';

const METHOD = 'StreamKeepAliveEvent';
const INTERVAL_MS = 200;
const TIMEOUT_MS = 150;
/** Timeout for tests in which no check may fail, even on a busy machine. */
const PATIENT: Partial<HookConfig> = { maxConnections: 2, timeoutMs: 60_000 };
const PATIENT_INTERVAL_MS = 2_000;
/** Tolerance for a busy machine. */
const MACHINE_MS = 2_000;

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The real loop and the real hook client against a backend on loopback. */
async function setUp(count: number, hook: Partial<HookConfig> = {}, intervalMs = INTERVAL_MS) {
  const backend = await Backend.start();
  cleanups.push(() => backend.close());
  const app = checkedApp(backend.url, intervalMs, { timeoutMs: TIMEOUT_MS, ...hook });
  const log = pino({ level: 'silent' });
  const { streams } = liveStreams(app, count, log);
  const ended: string[] = [];
  const results: string[] = [];
  const loop: KeepAlive<Stream> = new KeepAlive<Stream>({
    clock: systemClock,
    log,
    policyOf: (stream) => decidePolicy({ enabled: true, appKeys: [] }, stream.app, stream.hooks),
    ask: (stream, options) => stream.hooks.keepAlive(streamBody(stream, 'pod@127.0.0.1'), options),
    end: (stream, cause) => {
      ended.push(`${stream.name} ${cause}`);
      loop.remove(stream);
    },
    onResult: (_stream, result) => results.push(result),
  });
  cleanups.push(() => {
    loop.close();
    app.hook?.close();
  });
  for (const stream of streams) loop.add(stream);
  return { backend, ended, loop, results, streams };
}

type World = Awaited<ReturnType<typeof setUp>>;

/** Time until every stream has been checked and allowed. */
async function untilAllAllowed({ backend, streams }: World): Promise<number> {
  const startedAt = performance.now();
  const first = backend.calls.length;
  const names = new Set(streams.map(({ name }) => name));
  await until('a check of every stream', () => {
    for (const { body } of backend.calls.slice(first)) names.delete(String(body['name']));
    return names.size === 0;
  });
  return performance.now() - startedAt;
}

function failures(world: World, count: number): Promise<unknown> {
  return until(`${count} failed checks`, () => world.results.filter((result) => result === 'failed').length >= count);
}

const drip = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'text/html' });
  const timer = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(timer));
};

const FAULTS: readonly [string, Reply][] = [
  ['answers 500', 500],
  ['answers 401', 401],
  ['redirects', { status: 302, headers: { location: '/elsewhere' } }],
  ['asks to be left alone for an hour', { status: 503, headers: { 'retry-after': '3600' } }],
  ['asks for nonsense', { status: 503, headers: { 'retry-after': 'soon' } }],
  ['never answers', () => undefined],
  ['resets the connection', (_response: ServerResponse, socket: Socket) => socket.resetAndDestroy()],
  ['closes the connection', (_response: ServerResponse, socket: Socket) => socket.end()],
  ['answers no HTTP', (_response: ServerResponse, socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
  ['answers 500 with a body that never ends', drip(500)],
];

describe('the keep-alive loop with a real backend', () => {
  it.each(FAULTS)(
    'loses no stream while the backend %s, and checks all within an interval afterwards',
    async (_name, fault) => {
      // More streams than connections, so that a connection that stays occupied shows.
      const world = await setUp(8, { maxConnections: 4 });
      world.backend.answer = () => fault;
      await failures(world, 24);
      world.backend.allowAll();
      const tookMs = await untilAllAllowed(world);
      // One interval, plus the timeouts of checks in flight and of those that wait behind them.
      expect(tookMs).toBeLessThan(INTERVAL_MS + 2 * TIMEOUT_MS + MACHINE_MS);
      expect({ ended: world.ended, subjects: world.loop.stats().subjects }).toEqual({ ended: [], subjects: 8 });
    },
  );

  it('loses no stream while the backend is down, and checks all within an interval after it is back', async () => {
    const world = await setUp(50);
    await untilAllAllowed(world);
    await world.backend.close();
    await failures(world, 250);
    await world.backend.listen();
    const tookMs = await untilAllAllowed(world);
    expect(tookMs).toBeLessThan(INTERVAL_MS + TIMEOUT_MS + MACHINE_MS);
    expect({ ended: world.ended, subjects: world.loop.stats().subjects }).toEqual({ ended: [], subjects: 50 });
  });

  it('ends exactly the stream of a 403 whose body never ends', async () => {
    const world = await setUp(10, PATIENT, PATIENT_INTERVAL_MS);
    const refuse = drip(403);
    world.backend.answer = ({ body }) => (body['name'] === 'name-3' ? refuse : 200);
    await until('an end', () => world.ended.length > 0);
    await untilAllAllowed({ ...world, streams: world.streams.filter(({ name }) => name !== 'name-3') });
    expect(world.ended).toEqual(['name-3 keepalive']);
    expect(world.backend.of(METHOD, 'name-3')).toHaveLength(1);
  });

  it('ends exactly the stream of a 403 when each answer follows an interim reply', async () => {
    const world = await setUp(10);
    world.backend.answer =
      ({ body }) =>
      (response) => {
        response.writeContinue();
        response.writeHead(body['name'] === 'name-3' ? 403 : 200).end();
      };
    await until('an end', () => world.ended.length > 0);
    await untilAllAllowed({ ...world, streams: world.streams.filter(({ name }) => name !== 'name-3') });
    expect(world.ended).toEqual(['name-3 keepalive']);
    expect(world.backend.of(METHOD, 'name-3')).toHaveLength(1);
  });

  it('keeps its connections after answers whose bodies never end', async () => {
    const world = await setUp(6, PATIENT, PATIENT_INTERVAL_MS);
    const allow = drip(200);
    world.backend.answer = () => allow;
    await until('18 checks', () => world.results.length >= 18, { timeoutMs: 30_000 });
    expect(new Set(world.results)).toEqual(new Set(['ok']));
  });

  it('aborts the call for a stream that ends', async () => {
    const world = await setUp(1, { timeoutMs: 60_000 });
    let closed = false;
    world.backend.answer = () => (response) => {
      response.on('close', () => {
        closed = true;
      });
    };
    await world.backend.waitFor(METHOD);
    for (const stream of world.streams) world.loop.remove(stream);
    await until('the connection to be closed', () => closed, { timeoutMs: TIMEOUT_MS });
    expect(world.results).toEqual([]);
  });

  it('counts a host name that does not resolve as a failure', async () => {
    const world = await setUp(3, { url: 'http://backend.invalid/MyAPI' });
    await failures(world, 6);
    expect({ ended: world.ended, subjects: world.loop.stats().subjects }).toEqual({ ended: [], subjects: 3 });
  });
});
