import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { fakeStreams } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { until } from '../../test/harness/wait.ts';
import { Drain } from '../fleet/drain.ts';
import { buildCaptureApp } from '../http/captures/capture-app.ts';
import type { Rejection, StreamOutcome } from '../sessions/requests.ts';
import type { CaptureRequest } from '../sessions/single.ts';
import type { Stream } from '../streams/stream.ts';
import { PublishClient } from './publish-client.ts';

const NEVER = new AbortController().signal;
const SILENT = { onId: () => undefined, onDrain: () => undefined, onPlayed: () => undefined };

let app: FastifyInstance;
let dispatcher: Agent;
let drain: Drain;
let drainClock: VirtualClock;
let streams: ReturnType<typeof fakeStreams>;
let stream: Stream;
let requests: CaptureRequest[];
let rejection: Rejection | null;
let closes: (() => unknown)[];
let isPlayed: boolean;

/** The routes of a media server, on a port of loopback. Only its streams have no media. */
beforeEach(async () => {
  streams = fakeStreams();
  stream = streams.add();
  requests = [];
  rejection = null;
  isPlayed = false;
  drainClock = new VirtualClock();
  const log = createLogger('silent');
  const idle = { flushEvents: async () => undefined, namesTold: async () => undefined };
  drain = new Drain({ ...streams, ...idle, clock: drainClock, routedMs: 5_000, log });
  const capture = async (request: CaptureRequest): Promise<StreamOutcome> => {
    requests.push(request);
    return rejection ? { kind: 'rejected', rejection } : { kind: 'started', stream, answer: 'v=0 answer' };
  };
  app = await buildCaptureApp({
    clock: systemClock,
    isPlayed: () => isPlayed,
    drain,
    terminator: streams.terminator,
    log,
    capture,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  dispatcher = new Agent();
  closes = [];
});
afterEach(async () => {
  await dispatcher.destroy();
  for (const close of closes) close();
  app.server.closeAllConnections();
  await app.close();
});

const portOf = (address: unknown): number => (address as AddressInfo).port;

const clientAt = (port: number): PublishClient =>
  new PublishClient({
    url: `http://127.0.0.1:${port}`,
    dispatcher,
    appKey: 'my app',
    name: 'gate/3',
    uid: 'camera',
    epoch: 2,
    attempt: 1_764_000_000_000,
    generation: 3,
    provider: 'SRT',
    afterTermination: 'Stay',
  });
const client = (): PublishClient => clientAt(portOf(app.server.address()));

/** A client of something that is not a media server. */
async function clientOf(listener: RequestListener): Promise<PublishClient> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closes.push(() => server.closeAllConnections() ?? server.close());
  return clientAt(portOf(server.address()));
}

async function posted(): Promise<string> {
  const outcome = await client().post('v=0', NEVER);
  if (outcome.kind === 'refused') throw new Error(outcome.detail);
  return outcome.location;
}

describe('an offer', () => {
  it('says what is captured, and is answered', async () => {
    expect(await client().post('v=0', NEVER)).toEqual({
      kind: 'posted',
      location: expect.stringMatching(/^\/internal\/captures\/my%20app\/gate%2F3\/[\w-]{32}$/),
      answer: 'v=0 answer',
    });
    expect(requests).toMatchObject([
      {
        appKey: 'my app',
        name: 'gate/3',
        offer: 'v=0',
        capture: {
          uid: 'camera',
          epoch: 2,
          attempt: 1_764_000_000_000,
          generation: 3,
          provider: 'SRT',
          afterTermination: 'Stay',
        },
      },
    ]);
  });

  it.each<[Rejection, object]>([
    [
      { status: 403, result: 'denied', detail: 'Stopped by rest /terminate', cause: 'rest' },
      { status: 403, cause: 'rest', detail: 'Stopped by rest /terminate', retryAfterMs: null },
    ],
    [
      { status: 403, result: 'refused', detail: 'Restricted access' },
      { status: 403, cause: 'refused', detail: 'Restricted access', retryAfterMs: null },
    ],
    [
      { status: 503, result: 'draining', detail: 'the media server is draining', retryAfterSeconds: 5 },
      { status: 503, cause: 'drain', detail: 'the media server is draining', retryAfterMs: 5_000 },
    ],
  ])('that is refused with %j says why, and when to come again', async (refused, outcome) => {
    rejection = refused;
    expect(await client().post('v=0', NEVER)).toEqual({ kind: 'refused', ...outcome });
  });

  it.each([
    ['of a proxy', 'Bad Gateway', 'Bad Gateway'],
    ['without a detail', '{"title":"x"}', '{"title":"x"}'],
    ['of a later version', '{"detail":"why","cause":"new"}', 'why'],
  ])('may be refused by the answer %s', async (_what, body, detail) => {
    const odd = await clientOf((_request, response) => response.writeHead(502).end(body));
    expect(await odd.post('v=0', NEVER)).toEqual({
      kind: 'refused',
      status: 502,
      detail,
      cause: null,
      retryAfterMs: null,
    });
  });

  it('rejects if nobody answers', async () => {
    const gone = await clientOf((request) => request.socket.destroy());
    await expect(gone.post('v=0', NEVER)).rejects.toThrow();
    const silent = await clientOf(() => undefined);
    await expect(silent.post('v=0', AbortSignal.timeout(100))).rejects.toThrow('timeout');
  });
});

describe('the event stream', () => {
  it('tells the id, when the media server drains, and why the stream has ended', async () => {
    const told: unknown[] = [];
    const listener = { ...SILENT, onId: (id: string) => told.push(id), onDrain: (away: boolean) => told.push(away) };
    const ended = client().follow(await posted(), NEVER, listener);
    await until('the id is told', () => told.length === 1);
    drain.cordoned = true;
    await drainClock.advance(10_000);
    drain.cordoned = false;
    await until('it is told', () => told.length === 3);
    await streams.terminator.end(stream, 'keepalive');
    expect(await ended).toEqual({ cause: 'keepalive', info: 'Terminated by keep-alive' });
    // The last status has the id as well.
    expect(told).toEqual([stream.id, true, false, stream.id]);
  });

  it('tells whether the stream is played', async () => {
    const told: boolean[] = [];
    const ended = client().follow(await posted(), NEVER, { ...SILENT, onPlayed: (isPlayed) => told.push(isPlayed) });
    await until('nobody plays it', () => told.length === 1);
    isPlayed = true;
    await until('it is told', () => told.length === 2);
    await streams.terminator.end(stream, 'client');
    await ended;
    expect(told).toEqual([false, true]);
  });

  it('tells of a StreamTermination', async () => {
    let isOpen = false;
    const onId = (): boolean => (isOpen = true);
    const ended = client().follow(await posted(), NEVER, { ...SILENT, onId });
    await until('it is open', () => isOpen);
    await streams.terminator.end(stream, 'rest', { isResource: true });
    expect(await ended).toMatchObject({ cause: 'resource' });
  });

  it('is read wherever it is cut', async () => {
    const events = ': a comment\n\nevent: drain\ndata: {"sendsAway":true}\n\nevent: later\ndata: {}\n\n';
    const status = { mediaSessionId: 'm1', info: 'Stopped by drain', cause: 'drain' };
    const bytes = `${events}event: status\ndata: ${JSON.stringify(status)}\n\n`;
    const odd = await clientOf(async (_request, response) => {
      response.writeHead(200);
      for (const byte of bytes) {
        response.write(byte);
        await new Promise(setImmediate);
      }
    });
    let drains = 0;
    const ended = await odd.follow('/x', NEVER, { ...SILENT, onDrain: () => drains++ });
    expect([ended, drains]).toEqual([{ cause: 'drain', info: 'Stopped by drain' }, 1]);
  });

  it.each<[string, RequestListener, string]>([
    ['is not found', (_request, response) => response.writeHead(404).end('{}'), 'the event stream was answered 404'],
    [
      'is closed before the end',
      (_request, response) =>
        response.writeHead(200).end('event: status\ndata: {"mediaSessionId":"m1","cause":null}\n\n'),
      'the media server has closed the event stream',
    ],
    ['is reset', (request) => request.socket.destroy(), 'other side closed'],
  ])('that %s has no cause', async (_what, listener, info) => {
    const odd = await clientOf(listener);
    expect(await odd.follow('/x', NEVER, SILENT)).toEqual({ cause: null, info });
  });
});

describe('a removal', () => {
  it('ends the publication as its client’s wish', async () => {
    const location = await posted();
    await client().remove(location);
    expect(stream.cause).toBe('client');
  });

  it('is not told when it fails', async () => {
    const gone = await clientOf((request) => request.socket.destroy());
    await gone.remove('/x');
  });
});
