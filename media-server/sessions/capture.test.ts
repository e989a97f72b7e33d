import { beforeEach, describe, expect, it } from 'vitest';
import {
  ALLOWED,
  NOTHING_LEFT,
  REFUSED,
  rejected,
  SessionStage,
  started,
  UNAVAILABLE,
} from '../../test/builders/session-stage.ts';
import { settle } from '../../test/builders/virtual-clock.ts';
import type { CaptureOrigin } from '../streams/capture-origin.ts';
import type { Stream } from '../streams/stream.ts';
import { causeOf } from './rejections.ts';

const CAMERA: CaptureOrigin = {
  uid: 'camera',
  epoch: 1,
  attempt: 1,
  generation: 1,
  provider: 'RTSP',
  afterTermination: 'Stay',
};

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

const capture = (over: Partial<CaptureOrigin> = {}, name = 'a') => stage.capture({ ...CAMERA, ...over }, { name });

async function live(over: Partial<CaptureOrigin> = {}): Promise<Stream> {
  const stream = started(await capture(over));
  stage.media.leg.connect();
  await settle();
  return stream;
}

/** The HTTP status and the reason of a capture that does not start, and the cause that its program is told. */
async function refusal(over: Partial<CaptureOrigin> = {}) {
  const rejection = rejected(await capture(over));
  const { detail, result, status } = rejection;
  return [status, result, detail, causeOf(rejection)];
}

describe('a capture', () => {
  it('is a publication whose media provider says what it comes from', async () => {
    const stream = await live({ provider: 'SRT' });
    expect(stage.told).toEqual([
      'connect',
      'ConnectionStatusEvent ESTABLISHED',
      'publishStream',
      'StreamStatusEvent PUBLISHING',
    ]);
    expect(stage.bodies.get('connect')).toMatchObject({ mediaProviders: ['SRT'] });
    expect(stage.bodies.get('publishStream')).toMatchObject({ mediaProvider: 'SRT', mediaType: 'publish' });
    expect([stream.session.kind, stage.checked.has(stream)]).toEqual(['capture', true]);
    started(await stage.play({ name: 'a' }));
    expect(stage.bodies.get('playStream')).toMatchObject({ mediaProvider: 'WebRTC' });
  });

  it('is answered with the address that its program has reached', async () => {
    await stage.capture(CAMERA, { candidateAddress: '10.0.0.7' });
    expect(stage.media.requests).toMatchObject([{ candidateAddress: '10.0.0.7' }]);
  });

  it('goes on while its server drains, which takes no newer one', async () => {
    const older = await live();
    stage.isDraining = true;
    expect((await refusal({ attempt: 2 })).slice(0, 2)).toEqual([503, 'draining']);
    expect(older.cause).toBe(null);
  });

  it('gives its name to a newer assignment, and ends before that one asks the backend', async () => {
    const older = await live();
    stage.told.length = 0;
    const newer = await live({ epoch: 2 });
    expect([older.cause, newer.cause]).toEqual(['name_conflict', null]);
    expect(stage.told.slice(0, 3)).toEqual([
      'StreamStatusEvent FAILED Stream name is already in use',
      'ConnectionStatusEvent DISCONNECTED Stream name is already in use',
      'connect',
    ]);
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });
  });

  it('gives the name that the backend has chosen to a newer assignment', async () => {
    stage.answer = (method) =>
      method === 'publishStream' ? { kind: 'allowed', overwrite: { name: 'chosen' } } : ALLOWED;
    const older = await live();
    const newer = await live({ epoch: 2 });
    expect([older.cause, newer.cause, newer.name]).toEqual(['name_conflict', null, 'chosen']);
  });

  it.each<[string, Partial<CaptureOrigin>]>([
    ['an older assignment', { epoch: 0 }],
    ['the same assignment', {}],
    ['another capture', { uid: 'other', epoch: 9 }],
  ])('keeps its name against %s', async (_what, over) => {
    const stream = await live();
    expect(await refusal(over)).toEqual([409, 'name_in_use', 'Stream name is already in use', 'name_conflict']);
    expect(stream.cause).toBeNull();
  });

  it('takes no name from a client, and gives none to it', async () => {
    await stage.live('a');
    expect((await refusal({ epoch: 9 }))[0]).toBe(409);
    started(await capture({}, 'b'));
    expect(rejected(await stage.publish({ name: 'b' })).status).toBe(409);
  });

  it.each(['keepalive', 'rest', 'limit'] as const)('is refused with its reason after an end by %s', async (cause) => {
    const stream = await live();
    await stage.terminator.end(stream, cause);
    const { info } = stream;
    stage.told.length = 0;
    expect(await refusal({ epoch: 2 })).toEqual([403, 'denied', info, cause]);
    // The backend is not asked, and nothing is left.
    expect([stage.told, stage.left(), stage.held.length]).toEqual([[], NOTHING_LEFT, 1]);
    started(await capture({ generation: 2 }));
  });

  it.each(['connect', 'publishStream'])('is refused again after a 403 to %s, without a question', async (method) => {
    stage.answer = (asked) => (asked === method ? REFUSED : ALLOWED);
    expect(await refusal()).toEqual([403, 'refused', 'Restricted access', 'refused']);
    stage.answer = () => ALLOWED;
    expect(await refusal()).toEqual([403, 'denied', 'Restricted access', 'refused']);
    await stage.clock.advance(60_000);
    started(await capture());
  });

  it('is refused after an order that came while the backend was asked', async () => {
    stage.answer = async () => {
      const [asked] = stage.registry.all();
      if (asked) await stage.terminator.end(asked, 'rest');
      return ALLOWED;
    };
    expect(await refusal()).toEqual([403, 'terminated', 'Stopped by rest /terminate', 'rest']);
    expect(await refusal()).toEqual([403, 'denied', 'Stopped by rest /terminate', 'rest']);
  });

  it('may try again after a backend that could not be asked, and after a limit', async () => {
    stage.answer = () => UNAVAILABLE;
    expect((await refusal()).slice(0, 2)).toEqual([503, 'unavailable']);
    stage.answer = () => ALLOWED;
    await stage.live('other');
    stage.limits.publications = 1;
    expect((await refusal()).slice(0, 2)).toEqual([503, 'limit']);
    stage.limits.publications = 0;
    started(await capture());
    expect(stage.held).toEqual([]);
  });

  it('may start at once on another pod when this one drains', async () => {
    await stage.terminator.end(await live(), 'drain');
    stage.isDraining = true;
    expect((await refusal())[0]).toBe(503);
    stage.isDraining = false;
    started(await capture());
  });
});
