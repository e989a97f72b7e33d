import { beforeEach, describe, expect, it } from 'vitest';
import type { CaptureOffer, PullCall, PullReply } from '../../crds/schema/capture-calls.ts';
import type { MediaProvider } from '../../crds/schema/stream.ts';
import { fakeApp, fakeSession, fakeStream } from '../../test/builders/streams.ts';
import { matchStreams } from '../streams/filter.ts';
import { StreamRegistry } from '../streams/registry.ts';
import { RestCaptureCalls } from './rest-capture-calls.ts';

const URI = 'rtsp://cam:sesame@192.0.2.7/main';
const URL = 'rtsp://192.0.2.7/main';
const OFFER: CaptureOffer = { uid: 'u1', epoch: 1, appKey: 'cams', name: 'gate', url: URL };

let asked: [string, PullCall][];
let replies: Record<string, Partial<PullReply> | null>;
let offers: CaptureOffer[];
let ended: string[];
let registry: StreamRegistry;
let isReached: boolean;
let pods: string[];
let calls: RestCaptureCalls;

const asker = (pod: string) => async (call: PullCall) => {
  asked.push([pod, call]);
  const reply = replies[pod];
  return reply === null ? null : { status: 200 as const, detail: '', found: [], ...reply };
};

beforeEach(() => {
  [asked, replies, offers, ended, pods] = [[], {}, [], [], ['a', 'b']];
  [registry, isReached] = [new StreamRegistry(), true];
  calls = new RestCaptureCalls({
    programs: {
      get pullers() {
        return pods.map((pod) => ({ appKey: 'cams', ask: asker(pod) }));
      },
      find: (appKey, { name, url }) => {
        const offer = offers.find((each) => each.appKey === appKey && (each.url === url || each.name === name));
        return offer ? { offer, ask: asker('holder') } : null;
      },
    },
    terminate: async (filter) => {
      const matching = matchStreams(registry, filter);
      ended.push(...matching.map(({ id }) => id));
      const status = matching.length > 0 ? 200 : 404;
      return { terminated: matching.length, status: isReached ? status : 503 };
    },
  });
});

const start = (name = 'gate') => calls.start({ kind: 'rtsp', uri: URI, name, hasAudio: true });

describe('start', () => {
  it('asks the first capture pod, with the credentials', async () => {
    expect(await start()).toMatchObject({ status: 200 });
    expect(asked).toEqual([['a', { start: { kind: 'rtsp', uri: URI, name: 'gate', hasAudio: true } }]]);
  });

  it.each<[string, Partial<CaptureOffer>]>([
    ['the URL', { name: 'other' }],
    ['the name', { url: 'rtsp://192.0.2.8/' }],
    ['the name, and is held', { url: 'rtsp://192.0.2.8/', isHeld: true }],
  ])('is a conflict if a capture has %s', async (_what, over) => {
    offers = [{ ...OFFER, ...over }];
    expect((await start()).status).toBe(409);
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

it('list puts the answers together, and says whether all capture pods have answered', async () => {
  const stream = { url: URL, name: 'gate', reason: 'Connected' };
  replies = { a: { found: [stream] } };
  expect(await calls.list('rtsp')).toEqual({ found: [stream], isComplete: true });
  replies = { a: { found: [stream] }, b: null };
  expect(await calls.list('rtsp')).toEqual({ found: [stream], isComplete: false });
});

describe('stop', () => {
  /** Somebody publishes `gate`. */
  function publish(provider: MediaProvider): void {
    const capture = { uid: 'u1', epoch: 1, attempt: 1, generation: 1, afterTermination: 'Stay' } as const;
    const session = fakeSession({
      app: fakeApp('cams'),
      ...(provider === 'WebRTC' ? { kind: 'whip' } : { kind: 'capture', capture: { ...capture, provider } }),
    });
    registry.add(fakeStream({ id: 'published', name: 'gate', session }));
  }

  it('ends a capture that the REST API has started, on whichever pod it is', async () => {
    replies = { a: { status: 404 } };
    expect((await calls.stop(URI)).status).toBe(200);
    expect(asked.map(([, call]) => call)).toEqual([{ stop: { url: URL } }, { stop: { url: URL } }]);
    expect(ended).toEqual([]);
  });

  describe('of a StreamCapture', () => {
    beforeEach(() => {
      replies = { a: { status: 404 }, b: { status: 404 } };
      offers = [OFFER];
    });

    it('ends its stream', async () => {
      publish('RTSP');
      expect([await calls.stop(URI), ended]).toEqual([{ status: 200, detail: '' }, ['published']]);
    });

    it.each(['WebRTC', 'RTMP'] as const)('lets a stream of %s be that has taken its name', async (provider) => {
      publish(provider);
      const detail = 'the StreamCapture of the source is not live';
      expect([await calls.stop(URI), ended]).toEqual([{ status: 404, detail }, []]);
    });

    it('says that a media pod may still have its stream', async () => {
      isReached = false;
      expect(await calls.stop(URI)).toEqual({ status: 500, detail: 'a media pod does not answer' });
    });
  });

  it.each([[['a']], [[]]])('answers 404 for a source that is not captured (%j)', async (those) => {
    pods = those;
    replies = { a: { status: 404 } };
    expect(await calls.stop(URL)).toEqual({ status: 404, detail: 'the source is not captured' });
  });

  it.each<[string, CaptureOffer[]]>([
    ['', []],
    [', nor is its StreamCapture live', [OFFER]],
  ])('does not say that nothing is captured if a capture pod does not answer%s', async (_what, those) => {
    offers = those;
    replies = { a: { status: 404 }, b: null };
    expect(await calls.stop(URL)).toEqual({ status: 500, detail: 'the capture pod does not answer' });
  });
});
