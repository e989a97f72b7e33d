import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../process/logger.ts';
import { postJson, publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import type { PulledStreams, PullOutcome, Wanted } from '../../fleet/rest-capture-calls.ts';

const URI = 'rtsp://cam:sesame@192.0.2.7/main';
const URL = 'rtsp://192.0.2.7/main';
/** Too long for a name, and a URL as any other. */
const LONG = `rtsp://192.0.2.7/${'x'.repeat(240)}`;

let test: TestApp;
let wanted: Wanted[];
let stopped: string[];
let outcome: PullOutcome;
let found: PulledStreams['found'];
let isComplete: boolean;
let log: string;

beforeEach(async () => {
  [wanted, stopped, outcome, found, isComplete, log] = [[], [], { status: 200, detail: '' }, [], true, ''];
  test = await publicApp({
    log: createLogger('info', {
      write: (line) => {
        log += line;
      },
    }),
    pulls: {
      start: async (each) => {
        wanted.push(each);
        return outcome;
      },
      stop: async (uri) => {
        stopped.push(uri);
        return outcome;
      },
      list: async () => ({ found, isComplete }),
    },
  });
});
afterEach(() => test.app.close());

const post = (url: string, body?: unknown) => postJson(test, url, body);

describe('the calls of WCS for captures', () => {
  it.each([
    ['/rtsp/startup', { uri: URI }, { kind: 'rtsp', uri: URI, name: URL, hasAudio: true }],
    ['/rtsp/startup', { uri: LONG, toStream: 'gate' }, { kind: 'rtsp', uri: LONG, name: 'gate', hasAudio: true }],
    ['/rtsp/startup', { uri: URI, toStream: URL }, { kind: 'rtsp', uri: URI, name: URL, hasAudio: true }],
    ['/rtsp/startup', { uri: URI, toStream: 'gate' }, { kind: 'rtsp', uri: URI, name: 'gate', hasAudio: true }],
    [
      '/pull/rtmp/pull',
      { uri: 'rtmp://192.0.2.8/live/gate', localStreamName: 'gate', hasAudio: 'false', hasVideo: 'true' },
      { kind: 'rtmp', uri: 'rtmp://192.0.2.8/live/gate', name: 'gate', hasAudio: false },
    ],
    [
      '/pull/rtmp/pull',
      { uri: 'rtmp://192.0.2.8/live/gate', hasAudio: true },
      { kind: 'rtmp', uri: 'rtmp://192.0.2.8/live/gate', name: 'rtmp://192.0.2.8/live/gate', hasAudio: true },
    ],
  ])('%s %j', async (url, body, expected) => {
    const response = await post(url, body);
    expect([response.statusCode, response.json(), wanted]).toEqual([200, {}, [expected]]);
    expect(log).not.toContain('sesame');
  });

  it.each([
    ['/rtsp/startup', undefined, 'body'],
    ['/rtsp/startup', {}, 'uri'],
    ['/rtsp/startup', { uri: 'http://192.0.2.7/' }, 'must be a URL such as rtsp://'],
    ['/rtsp/startup', { uri: 'rtsps://192.0.2.7/' }, 'must be a URL such as rtsp://'],
    ['/rtsp/startup', { uri: URI, toStrem: 'x' }, 'toStream'],
    ['/rtsp/startup', { uri: URI, toStream: 'a\nb' }, 'control characters'],
    ['/rtsp/startup', { uri: URI, toStream: 'rtsp://user:secret@10.0.0.1/b' }, 'must not be another URL'],
    ['/rtsp/startup', { uri: LONG }, 'by default the URL, must be at most 256 characters'],
    ['/pull/rtmp/pull', { uri: URI }, 'must be a URL such as rtmp://'],
    ['/pull/rtmp/pull', { uri: 'rtmp://192.0.2.8/live/gate', hasVideo: false }, 'hasVideo'],
    ['/rtsp/terminate', {}, 'uri'],
  ])('%s %j is refused', async (url, body, detail) => {
    const response = await post(url, body);
    expect([response.statusCode, response.json().detail]).toEqual([400, expect.stringContaining(detail)]);
    expect([wanted, stopped]).toEqual([[], []]);
  });

  it.each([404, 409, 500] as const)('answer %d with the reason', async (status) => {
    outcome = { status, detail: 'because' };
    const { statusCode, ...response } = await post('/rtsp/startup', { uri: URI });
    expect([statusCode, response.json().detail]).toEqual([status, 'because']);
  });

  it.each(['/rtsp', '/pull/rtmp'])('%s/terminate ends a capture', async (prefix) => {
    expect((await post(`${prefix}/terminate`, { uri: URI })).statusCode).toBe(200);
    expect(stopped).toEqual([URI]);
    expect(log).not.toContain('sesame');
  });

  it.each(['/rtsp', '/pull/rtmp'])('%s/find_all lists captures', async (prefix) => {
    expect((await post(`${prefix}/find_all`)).statusCode).toBe(404);
    found = [
      { url: 'rtsp://192.0.2.7/main', name: 'gate', reason: 'Connected', mediaSessionId: 'm1' },
      { url: 'rtsp://192.0.2.8/main', name: 'yard', reason: 'Unauthorized' },
    ];
    for (const response of [await post(`${prefix}/find_all`), await test.app.inject(`/rest-api${prefix}/find_all`)]) {
      expect(response.json()).toEqual([
        { uri: 'rtsp://192.0.2.7/main', status: 'PLAYING', localStreamName: 'gate', localMediaSessionId: 'm1' },
        { uri: 'rtsp://192.0.2.8/main', status: 'Unauthorized', localStreamName: 'yard' },
      ]);
    }
  });
});

describe('find_all, while a capture pod does not answer,', () => {
  beforeEach(() => {
    isComplete = false;
  });

  it('does not say that nothing is captured', async () => {
    const { headers, statusCode } = await post('/rtsp/find_all');
    expect([statusCode, headers['sluice-incomplete']]).toEqual([503, 'a capture pod']);
  });

  it('says that more may be captured than it lists', async () => {
    found = [{ url: 'rtsp://192.0.2.7/main', name: 'gate', reason: 'Connected' }];
    const { headers, statusCode } = await post('/rtsp/find_all');
    expect([statusCode, headers['sluice-incomplete']]).toEqual([200, 'a capture pod']);
  });
});

it('the calls of WCS for captures answer 404 where they are off', async () => {
  const plain = await publicApp();
  const { statusCode } = await postJson(plain, '/rtsp/startup', { uri: URI });
  expect(statusCode).toBe(404);
  await plain.app.close();
});
