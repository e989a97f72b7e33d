import { beforeEach, describe, expect, it } from 'vitest';
import {
  ALLOWED,
  gate,
  NOTHING_LEFT,
  REFUSED,
  rejected,
  SessionStage,
  started,
  UNAVAILABLE,
} from '../../test/builders/session-stage.ts';
import { settle } from '../../test/builders/virtual-clock.ts';
import type { HookBody } from '../hooks/session-hooks.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

const overwrites = (overwrite: HookBody) => (method: string) =>
  method === 'publishStream' ? { kind: 'allowed' as const, overwrite } : ALLOWED;

describe('a publication', () => {
  it('is reported to the backend in order, from connect to DISCONNECTED', async () => {
    const outcome = await stage.publish();
    const stream = started(outcome);
    expect(outcome).toMatchObject({ answer: `answer to ${stream.id}` });
    expect(stream.status).toBe('PENDING');
    expect(stage.told.splice(0)).toEqual(['connect', 'ConnectionStatusEvent ESTABLISHED', 'publishStream']);

    stage.media.leg.connect();
    expect(stream.status).toBe('PUBLISHING');
    expect(stage.told.splice(0)).toEqual(['StreamStatusEvent PUBLISHING']);
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });

    await stage.terminator.end(stream, 'client');
    expect(stage.told).toEqual([
      'unPublishStream UNPUBLISHED Stopped by user',
      'StreamStatusEvent UNPUBLISHED Stopped by user',
      'ConnectionStatusEvent DISCONNECTED Stopped by user',
    ]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('asks media for what the app and the offer allow', async () => {
    stage.limitApp({ maxBitrate: 500_000 });
    const stream = started(await stage.publish());
    expect(stage.media.requests).toEqual([
      {
        id: stream.id,
        offer: stream.offer,
        codecs: ['opus', 'VP8'],
        maxBitrate: 500_000,
        hasAudio: true,
        hasVideo: true,
      },
    ]);
  });

  it.each([
    ['connect', REFUSED, 403, 'refused', ['connect']],
    ['connect', UNAVAILABLE, 503, 'unavailable', ['connect']],
    [
      'publishStream',
      REFUSED,
      403,
      'refused',
      [
        'connect',
        'ConnectionStatusEvent ESTABLISHED',
        'publishStream',
        'StreamStatusEvent FAILED Restricted access',
        'ConnectionStatusEvent DISCONNECTED Restricted access',
      ],
    ],
    [
      'publishStream',
      UNAVAILABLE,
      503,
      'unavailable',
      [
        'connect',
        'ConnectionStatusEvent ESTABLISHED',
        'publishStream',
        'StreamStatusEvent FAILED Failed by backend error',
        'ConnectionStatusEvent DISCONNECTED Failed by backend error',
      ],
    ],
  ] as const)('that %s does not allow (%j) never reaches media', async (method, answer, status, result, told) => {
    stage.answer = (asked) => (asked === method ? answer : ALLOWED);
    expect(rejected(await stage.publish())).toMatchObject({ status, result });
    expect(stage.told).toEqual(told);
    expect(stage.counted).toEqual([`publish ${result}`]);
    expect(stage.media.requests).toEqual([]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });
});

describe('the name of a publication', () => {
  it.each(['in admission', 'live'])('is taken while another publication is %s', async (state) => {
    const admission = gate();
    if (state === 'live') await stage.live();
    stage.answer = async () => {
      await admission.passed;
      return ALLOWED;
    };
    const first = state === 'live' ? null : stage.publish();
    expect(rejected(await stage.publish())).toMatchObject({
      status: 409,
      result: 'name_in_use',
      retryAfterSeconds: 15,
    });
    admission.open();
    await first;
    expect(stage.registry.size).toBe(1);
  });

  it('is free in another direction and under another name', async () => {
    await stage.live('a');
    started(await stage.play({ name: 'a' }));
    started(await stage.publish({ name: 'b' }));
    expect(stage.media.open()).toEqual(['publish', 'play', 'publish']);
  });

  it('is awaited while its holder is ending', async () => {
    const holder = await stage.live();
    const closing = gate();
    stage.media.whileClosing = () => closing.passed;
    const ended = stage.terminator.end(holder, 'rest');
    const next = stage.publish();
    await settle();
    expect(stage.told).toEqual([]);
    closing.open();
    await ended;
    expect(started(await next).name).toBe('a');
    expect(stage.registry.publication('defaultApp', 'a')).not.toBe(holder);
  });

  it('is free again after a rejected publication', async () => {
    stage.answer = () => REFUSED;
    rejected(await stage.publish());
    stage.answer = () => ALLOWED;
    started(await stage.publish());
  });
});

describe('a publication whose fields the backend overwrites', () => {
  it('reaches media, the registry and the next hooks with the new fields', async () => {
    stage.answer = overwrites({ name: 'b', custom: { room: 1 }, maxBitrate: 9_000, hasVideo: false });
    const stream = started(await stage.publish());
    stage.media.leg.connect();
    expect(stage.registry.publication('defaultApp', 'b')).toBe(stream);
    expect(stage.registry.publication('defaultApp', 'a')).toBeUndefined();
    expect(stage.media.requests).toMatchObject([{ maxBitrate: 9_000, hasAudio: true, hasVideo: false }]);
    expect(stage.bodies.get('StreamStatusEvent')).toMatchObject({ name: 'b', custom: { room: 1 }, hasVideo: false });
  });

  it.each([
    [0, 5_000, 5_000],
    [4_000, 0, 4_000],
    [4_000, 5_000, 4_000],
    [4_000, 3_000, 3_000],
  ])('cannot raise the limit of the app: %d with %d is %d', async (limit, wanted, maxBitrate) => {
    stage.limitApp({ maxBitrate: limit });
    stage.answer = overwrites({ maxBitrate: wanted });
    started(await stage.publish());
    expect(stage.media.requests).toMatchObject([{ maxBitrate }]);
  });

  it('is rejected if another publication has the new name', async () => {
    await stage.live('b');
    stage.answer = overwrites({ name: 'b' });
    expect(rejected(await stage.publish())).toMatchObject({ status: 409, result: 'name_in_use' });
    expect(stage.told.slice(-2)).toEqual([
      'StreamStatusEvent FAILED Stream name is already in use',
      'ConnectionStatusEvent DISCONNECTED Stream name is already in use',
    ]);
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });
  });

  it('waits for a holder of the new name that is ending', async () => {
    const holder = await stage.live('b');
    const closing = gate();
    stage.media.whileClosing = () => closing.passed;
    const ended = stage.terminator.end(holder, 'rest');
    stage.answer = overwrites({ name: 'b' });
    const next = stage.publish();
    await settle();
    expect(stage.media.requests).toHaveLength(1);
    closing.open();
    await ended;
    expect(started(await next).name).toBe('b');
  });

  it('is rejected if the client is denied the new name', async () => {
    const banned = await stage.live('b');
    stage.deny.deny(banned, 60_000);
    await stage.terminator.end(banned, 'rest');
    stage.answer = overwrites({ name: 'b' });
    expect(rejected(await stage.publish())).toMatchObject({ status: 403, result: 'denied' });
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });
});

describe('limits of publications', () => {
  it('of the app count its own publications only', async () => {
    stage.limitApp({ publications: 1 });
    await stage.live('a');
    started(await stage.play());
    expect(rejected(await stage.publish({ name: 'b' }))).toMatchObject({
      status: 503,
      result: 'limit',
      detail: 'app "defaultApp" has reached its limit of 1 publication',
      retryAfterSeconds: 15,
    });
  });

  it('count a publication that is still in admission', async () => {
    stage.limitApp({ publications: 1 });
    const admission = gate();
    stage.answer = async () => {
      await admission.passed;
      return ALLOWED;
    };
    const first = stage.publish({ name: 'a' });
    expect(rejected(await stage.publish({ name: 'b' }))).toMatchObject({ result: 'limit' });
    admission.open();
    started(await first);
  });
});
