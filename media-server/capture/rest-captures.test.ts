import { beforeEach, describe, expect, it } from 'vitest';
import type { PullCall } from '../../crds/schema/capture-calls.ts';
import type { PullSettings } from '../../crds/schema/capture-messages.ts';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';
import { RestCaptures } from './rest-captures.ts';

const SETTINGS: PullSettings = { appKey: 'cams', allow: [{ cidr: '192.0.2.0/24' }], most: 3 };
const URI = 'rtsp://cam:p%40ss@192.0.2.7/main';
const URL = 'rtsp://192.0.2.7/main';

let stage: CaptureStage;
let captures: RestCaptures;
let resumed: string[];
let changes: number;

beforeEach(async () => {
  stage = new CaptureStage();
  [resumed, changes] = [[], 0];
  captures = new RestCaptures({
    ...stage.deps,
    told: stage.captures,
    resume: (uid) => {
      resumed.push(uid);
      return uid === 'held';
    },
    onChange: () => {
      changes += 1;
    },
  });
  await captures.set(SETTINGS, []);
  changes = 0;
});

const start = (over: Partial<Extract<PullCall, { start: object }>['start']> = {}) =>
  captures.answer({ start: { kind: 'rtsp', uri: URI, name: 'gate', hasAudio: true, ...over } });
const list = async (kind: 'rtsp' | 'rtmp' = 'rtsp') =>
  (await captures.answer({ list: { kind, appKey: 'cams' } })).found.map(({ name, reason, url }) => [name, reason, url]);

describe('a capture that the REST API starts', () => {
  it('is captured with the credentials of its URI, which nobody is told', async () => {
    expect(await start()).toEqual({ status: 200, detail: '', found: [] });
    await stage.live();
    expect(stage.orders).toMatchObject([
      {
        appKey: 'cams',
        name: 'gate',
        source: { kind: 'rtsp', url: URL, user: 'cam', password: 'p@ss' },
        audio: 'Opus',
        mode: 'Always',
        allow: SETTINGS.allow,
      },
    ]);
    expect(await list()).toEqual([['gate', 'Connected', URL]]);
    expect(captures.offers).toMatchObject([{ appKey: 'cams', name: 'gate', url: URL }]);
    expect([changes, JSON.stringify([captures.offers, await list()])]).toEqual([1, expect.not.stringContaining('ss')]);
  });

  it('may have no sound', async () => {
    await start({ kind: 'rtmp', uri: 'rtmp://192.0.2.7/live/gate', hasAudio: false });
    expect(stage.orders[0]).toMatchObject({ audio: 'None', source: { kind: 'rtmp' } });
    expect([await list(), await list('rtmp')]).toEqual([[], [['gate', 'Connecting', 'rtmp://192.0.2.7/live/gate']]]);
  });

  it.each([
    ['of a URL that is captured', { uri: URL }, 409, 'the source is captured already'],
    ['of an address that is not allowed', { uri: 'rtsp://192.0.3.1/' }, 500, 'is not in spec.capture.allow'],
    ['of loopback', { uri: 'rtsp://127.0.0.1/' }, 500, 'loopback'],
    ['of another scheme', { uri: 'file:///etc/passwd' }, 500, 'uri: must be a URL such as rtsp://'],
    ['with a line break in its password', { uri: 'rtsp://a:b%0d%0aX@192.0.2.9/' }, 500, 'control characters'],
  ] as const)('%s is refused', async (_what, over, status, detail) => {
    await start();
    const reply = await start({ name: 'other', ...over });
    expect([reply.status, reply.detail]).toEqual([status, expect.stringContaining(detail)]);
    expect(stage.seen).toEqual(['open']);
  });

  it('has room beside the captures that the pod was told', async () => {
    await stage.captures.set([captureOrder({ uid: 'u1' }), captureOrder({ uid: 'u2', name: 'yard' })]);
    expect((await start()).status).toBe(200);
    expect(await start({ uri: 'rtsp://192.0.2.8/' })).toMatchObject({
      status: 500,
      detail: 'the capture pods have no room',
    });
  });

  it('ends when it is stopped, once', async () => {
    await start();
    await stage.live();
    expect((await captures.answer({ stop: { url: URL } })).status).toBe(200);
    expect(stage.seen.slice(2)).toEqual(['close', 'unpublish']);
    expect((await captures.answer({ stop: { url: URL } })).status).toBe(404);
    expect([await list(), captures.offers, stage.clock.pending]).toEqual([[], [], 0]);
  });

  it('is started and stopped while another one waits for its media server', async () => {
    await start();
    stage.holdPublish();
    await stage.live();
    const stopped = captures.answer({ stop: { url: URL } });
    const other = { uri: 'rtsp://192.0.2.8/', name: 'yard' };
    expect((await start(other)).status).toBe(200);
    expect((await captures.answer({ stop: { url: other.uri } })).status).toBe(200);
    await stage.clock.advance(1_000);
    expect((await stopped).status).toBe(200);
    expect(stage.gone.length).toBe(2);
  });

  it('is gone when somebody ends its stream, and may be started again', async () => {
    await start();
    await stage.live();
    await stage.publicationEnds('rest');
    expect([await list(), captures.offers, stage.seen.at(-1)]).toEqual([[], [], 'close']);
    expect((await start()).status).toBe(200);
    const [before, after] = stage.orders;
    expect(before?.uid).not.toBe(after?.uid);
  });

  it('ends when the calls are switched off', async () => {
    await start();
    await captures.set(null, []);
    expect([stage.seen, captures.appKey, (await start()).status]).toEqual([['open', 'close'], undefined, 500]);
  });

  it('goes on when other settings are the same', async () => {
    await start();
    await captures.set({ ...SETTINGS }, []);
    expect(stage.seen).toEqual(['open']);
  });
});

it('a StreamCapture that is held is offered, and started again by whoever holds it', async () => {
  await captures.set(SETTINGS, [{ uid: 'held', appKey: 'cams', name: 'yard', url: URL, at: 5_000 }]);
  expect(captures.offers).toEqual([{ uid: 'held', epoch: 0, appKey: 'cams', name: 'yard', url: URL, isHeld: true }]);
  expect((await captures.answer({ resume: { uid: 'held' } })).status).toBe(200);
  expect((await captures.answer({ resume: { uid: 'other' } })).status).toBe(404);
  expect(resumed).toEqual(['held', 'other']);
});

it('captures that the pod was told are listed as well', async () => {
  await stage.captures.set([captureOrder({ appKey: 'cams' }), captureOrder({ uid: 'u2', appKey: 'other' })]);
  expect(await list()).toEqual([['gate3', 'Connecting', 'rtsp://camera.example.com/h264']]);
});

it('a capture of a folder that is held starts again with a new number', async () => {
  await stage.captures.set([captureOrder()]);
  expect(await stage.captures.restart('u1')).toBe(false);
  await stage.live();
  await stage.publicationEnds('rest');
  expect(stage.captures.offers).toMatchObject([{ isHeld: true }]);
  expect(await stage.captures.restart('u1')).toBe(true);
  expect(stage.orders.map(({ generation }) => generation)).toEqual([1, 2]);
  // The folder has not changed.
  await stage.captures.set([captureOrder()]);
  expect(stage.orders.length).toBe(2);
});

it('viewers may ask for a capture of a folder when it has started again', async () => {
  const order = captureOrder({ mode: 'OnDemand' });
  await stage.captures.set([order]);
  stage.captures.want('u1');
  await stage.live();
  await stage.publicationEnds('rest');
  const told: (readonly [boolean | undefined, number | undefined])[] = [];
  stage.onChange = () => {
    for (const { isHeld, startTimeoutMs } of stage.captures.offers) told.push([isHeld, startTimeoutMs]);
  };
  expect(await stage.captures.restart('u1')).toBe(true);
  expect(told.at(-1)).toEqual([undefined, order.startTimeoutMs]);
});
