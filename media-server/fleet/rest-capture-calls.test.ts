import { beforeEach, describe, expect, it } from 'vitest';
import type { CaptureOffer, PullCall, PullReply } from '../../crds/schema/capture-calls.ts';
import { RestCaptureCalls } from './rest-capture-calls.ts';

const URI = 'rtsp://cam:sesame@192.0.2.7/main';
const URL = 'rtsp://192.0.2.7/main';
const OFFER: CaptureOffer = { uid: 'u1', epoch: 1, appKey: 'cams', name: 'gate', url: URL };

let asked: [string, PullCall][];
let replies: Record<string, Partial<PullReply> | null>;
let offers: CaptureOffer[];
let ended: string[];
let isLive: boolean;
let pods: string[];
let pulls: RestCaptureCalls;

const asker = (pod: string) => async (call: PullCall) => {
  asked.push([pod, call]);
  const reply = replies[pod];
  return reply === null ? null : { status: 200 as const, detail: '', found: [], ...reply };
};

beforeEach(() => {
  [asked, replies, offers, ended, isLive, pods] = [[], {}, [], [], false, ['a', 'b']];
  pulls = new RestCaptureCalls({
    programs: {
      get pullers() {
        return pods.map((pod) => ({ appKey: 'cams', ask: asker(pod) }));
      },
      find: (appKey, { name, url }) => {
        const offer = offers.find((each) => each.appKey === appKey && (each.url === url || each.name === name));
        return offer ? { offer, ask: asker('holder') } : null;
      },
    },
    terminate: async (_appKey, name) => {
      ended.push(name);
      return isLive;
    },
  });
});

const start = (name?: string) => pulls.start({ kind: 'rtsp', uri: URI, name, hasAudio: true });

describe('start', () => {
  it('asks the first capture pod, with the credentials', async () => {
    expect(await start('gate')).toMatchObject({ status: 200 });
    expect(asked).toEqual([['a', { start: { kind: 'rtsp', uri: URI, name: 'gate', hasAudio: true } }]]);
  });

  it('names a stream by its URL without credentials', async () => {
    await start();
    expect(asked).toMatchObject([['a', { start: { name: URL } }]]);
  });

  it.each<[string, Partial<CaptureOffer>]>([
    ['the URL', { name: 'other' }],
    ['the name', { url: 'rtsp://192.0.2.8/' }],
    ['the name, and is held', { url: 'rtsp://192.0.2.8/', isHeld: true }],
  ])('is a conflict if a capture has %s', async (_what, over) => {
    offers = [{ ...OFFER, ...over }];
    expect((await start('gate')).status).toBe(409);
    expect(asked).toEqual([]);
  });

  it('starts a StreamCapture of the URL that is held', async () => {
    offers = [{ ...OFFER, isHeld: true }];
    expect((await start('other')).status).toBe(200);
    expect(asked).toEqual([['holder', { resume: { uid: 'u1' } }]]);
  });

  it.each<[string, () => void, number]>([
    ['there is no capture pod that takes the call', () => (pods = []), 404],
    ['the capture pod does not answer', () => (replies = { a: null }), 500],
    ['the capture pod refuses', () => (replies = { a: { status: 409 } }), 409],
  ])('answers if %s', async (_what, arrange, status) => {
    arrange();
    expect((await start()).status).toBe(status);
  });
});

it('list puts the answers together', async () => {
  const stream = { url: URL, name: 'gate', reason: 'Connected' };
  replies = { a: { found: [stream] }, b: null };
  expect(await pulls.list('rtsp')).toEqual([stream]);
});

describe('stop', () => {
  it('ends a capture that the REST API has started, on whichever pod it is', async () => {
    replies = { a: { status: 404 } };
    expect((await pulls.stop(URI)).status).toBe(200);
    expect(asked.map(([, call]) => call)).toEqual([{ stop: { url: URL } }, { stop: { url: URL } }]);
    expect(ended).toEqual([]);
  });

  it.each([
    [true, 200],
    [false, 404],
  ])('ends the stream of a StreamCapture; live: %s', async (live, status) => {
    replies = { a: { status: 404 }, b: null };
    isLive = live;
    offers = [OFFER];
    expect((await pulls.stop(URL)).status).toBe(status);
    expect(ended).toEqual(['gate']);
  });

  it.each([[['a']], [[]]])('answers 404 for a source that is not captured (%j)', async (those) => {
    pods = those;
    replies = { a: { status: 404 } };
    expect((await pulls.stop(URL)).status).toBe(404);
  });
});
