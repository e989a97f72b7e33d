import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../process/logger.ts';
import { fakeStreams } from '../../../test/builders/streams.ts';
import { VirtualClock } from '../../../test/builders/virtual-clock.ts';
import { Drain } from '../../fleet/drain.ts';
import type { StreamOutcome } from '../../sessions/requests.ts';
import type { CaptureRequest } from '../../sessions/single.ts';
import type { Stream } from '../../streams/stream.ts';
import { buildCaptureApp } from './capture-app.ts';

const ASKED = 'uid=camera&epoch=2&attempt=7&generation=3';

let app: FastifyInstance;
let clock: VirtualClock;
let streams: ReturnType<typeof fakeStreams>;
let stream: Stream;
let requests: CaptureRequest[];
let outcome: StreamOutcome;
let drain: Drain;
let isPlayed: boolean;

beforeEach(async () => {
  clock = new VirtualClock();
  streams = fakeStreams();
  stream = streams.add();
  requests = [];
  isPlayed = false;
  outcome = { kind: 'started', stream, answer: 'v=0 answer' };
  drain = new Drain({
    ...streams,
    clock,
    routedMs: 5_000,
    flushEvents: async () => undefined,
    namesTold: async () => undefined,
    log: createLogger('silent'),
  });
  app = await buildCaptureApp({
    clock,
    drain,
    terminator: streams.terminator,
    isPlayed: () => isPlayed,
    log: createLogger('silent'),
    capture: async (request) => {
      requests.push(request);
      return outcome;
    },
  });
});
afterEach(() => app.close());

const offer = (query = ASKED, headers: Readonly<Record<string, string>> = {}) =>
  app.inject({
    method: 'POST',
    url: `/internal/captures/app/my%20camera?${query}`,
    headers: { 'content-type': 'application/sdp', ...headers },
    payload: 'v=0',
  });

describe('POST /internal/captures', () => {
  it('passes on what is captured, and nothing of it as `custom`', async () => {
    await offer(`${ASKED}&provider=SRT&afterTermination=Restart`, {
      'user-agent': 'capture/1',
      authorization: 'Bearer x',
      origin: 'https://o',
    });
    expect(requests).toMatchObject([
      {
        appKey: 'app',
        name: 'my camera',
        offer: 'v=0',
        capture: { uid: 'camera', epoch: 2, attempt: 7, generation: 3, provider: 'SRT', afterTermination: 'Restart' },
        client: { address: '127.0.0.1', isShared: false, origin: '', token: '', version: 'capture/1' },
        custom: {},
      },
    ]);
  });

  it('answers 201 with a Location that names no pod', async () => {
    const { body, headers, statusCode } = await offer();
    expect([statusCode, body]).toEqual([201, 'v=0 answer']);
    const { location } = headers;
    expect(location).toMatch(/^\/internal\/captures\/app\/my%20camera\/[\w-]{32}$/);
    expect(headers).toMatchObject({ etag: '"ufrag"', link: [expect.stringContaining(`<${location}/events>`)] });
    expect(requests[0]?.capture.provider).toBe('RTSP');
  });

  it.each([
    ['uid=camera&epoch=2&attempt=7', 'querystring', 'query.generation: is missing'],
    ['uid=&epoch=2&attempt=7&generation=3', 'uid', 'query.uid: must not be empty'],
    ['uid=camera&epoch=-1&attempt=7&generation=3', 'epoch', 'query.epoch: must match pattern'],
    ['uid=camera&epoch=2&attempt=&generation=3', 'attempt', 'query.attempt: must match pattern'],
    ['uid=camera&epoch=1e3&attempt=7&generation=3', 'epoch', 'query.epoch: must match pattern'],
    [`${ASKED}&provider=WebRTC`, 'provider', 'query.provider: must be one of RTSP, RTMP, SRT'],
    [`${ASKED}&epoc=4`, 'a misspelt parameter', 'query: unknown field "epoc"; did you mean "epoch"?'],
  ])('refuses %s', async (query, _what, detail) => {
    const response = await offer(query);
    expect([response.statusCode, response.json().detail]).toEqual([400, expect.stringContaining(detail)]);
    expect(requests).toEqual([]);
  });

  it.each([
    [403, 'denied', 'refused', undefined],
    [403, 'denied', 'keepalive', undefined],
    [409, 'name_in_use', 'name_conflict', 15],
    [503, 'draining', 'drain', 5],
  ] as const)('answers %d (%s) with the cause %s', async (status, result, cause, retryAfterSeconds) => {
    const rejection = {
      status,
      result,
      detail: 'Terminated by keep-alive',
      ...(retryAfterSeconds && { retryAfterSeconds }),
      ...(cause === 'keepalive' && { cause }),
    };
    outcome = { kind: 'rejected', rejection };
    const response = await offer();
    expect([response.statusCode, response.headers['retry-after']]).toEqual([
      status,
      retryAfterSeconds && String(retryAfterSeconds),
    ]);
    expect(response.json()).toMatchObject({ status, detail: 'Terminated by keep-alive', cause });
  });

  it('ends a publication whose program opens no event stream', async () => {
    await offer();
    await clock.advance(15_000);
    expect(stream.cause).toBe('disconnect');
  });
});

describe('the Location of a capture', () => {
  it('ends by DELETE, once', async () => {
    const { location } = (await offer()).headers;
    const end = () => app.inject({ method: 'DELETE', url: String(location) });
    expect([(await end()).statusCode, stream.cause, (await end()).statusCode]).toEqual([200, 'client', 404]);
    expect(clock.pending).toBe(0);
  });

  it('tells in its event stream why it ends, after comments every 5 s', async () => {
    const { location } = (await offer()).headers;
    const events = await app.inject({ url: `${location}/events`, payloadAsStream: true });
    const reading = text(events.stream());
    await clock.advance(10_000);
    await streams.terminator.end(stream, 'keepalive');
    const body = await reading;
    expect(body.match(/^:$/gm)).toHaveLength(2);
    const statuses = [...body.matchAll(/^event: status\ndata: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
    expect(statuses).toEqual([
      { mediaSessionId: stream.id, status: 'PUBLISHING', info: '', cause: null },
      { mediaSessionId: stream.id, status: 'FAILED', info: 'Terminated by keep-alive', cause: 'keepalive' },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('tells when the media server sends clients away, also a program that comes later, and when it does no longer', async () => {
    const { location } = (await offer()).headers;
    const follow = async () => text((await app.inject({ url: `${location}/events`, payloadAsStream: true })).stream());
    const first = follow();
    await clock.advance(1);
    drain.cordoned = true;
    await clock.advance(10_000);
    const second = follow();
    await clock.advance(1);
    drain.cordoned = false;
    await streams.terminator.end(stream, 'drain');
    const told = (body: string) => [...body.matchAll(/^event: drain\ndata: (.*)$/gm)].map(([, data]) => data);
    const both = ['{"sendsAway":true}', '{"sendsAway":false}'];
    expect([told(await first), told(await second)]).toEqual([both, both]);
    // Nobody is told any more.
    drain.cordoned = true;
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  it('tells in its event stream whether it is played, within a second', async () => {
    const { location } = (await offer()).headers;
    const events = await app.inject({ url: `${location}/events`, payloadAsStream: true });
    const reading = text(events.stream());
    await clock.advance(3_000);
    isPlayed = true;
    await clock.advance(3_000);
    isPlayed = false;
    await clock.advance(1_000);
    await streams.terminator.end(stream, 'client');
    expect(
      [...(await reading).matchAll(/^event: played\ndata: {"isPlayed":(.*)}$/gm)].map(([, played]) => played),
    ).toEqual(['false', 'true', 'false']);
  });

  it('tells of a StreamTermination', async () => {
    const { location } = (await offer()).headers;
    const events = await app.inject({ url: `${location}/events`, payloadAsStream: true });
    await streams.terminator.end(stream, 'rest', { isResource: true });
    expect(await text(events.stream())).toContain('"info":"Stopped by rest /terminate","cause":"resource"}');
  });

  it.each(['', 'x'])('is not found with another secret', async (secret) => {
    await offer();
    const response = await app.inject({ method: 'GET', url: `/internal/captures/app/my%20camera/${secret}/events` });
    expect(response.statusCode).toBe(404);
  });
});
