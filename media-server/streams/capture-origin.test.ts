import { describe, expect, it } from 'vitest';
import { END_CAUSES, type EndCause } from '../../crds/schema/end-causes.ts';
import { type CaptureEpoch, givesWay, holdingCause, isHeld } from './capture-origin.ts';

describe('givesWay', () => {
  const [older, newer] = [
    { uid: 'camera', epoch: 1, attempt: 8 },
    { uid: 'camera', epoch: 2, attempt: 5 },
  ];
  it.each<[string, CaptureEpoch | null, CaptureEpoch | null, boolean]>([
    ['an older one of the same capture', older, newer, true],
    ['a newer one', newer, older, false],
    ['the same one', newer, { ...newer }, false],
    ['an older attempt of the same program', newer, { ...newer, attempt: 6 }, true],
    ['a newer attempt', newer, { ...newer, attempt: 4 }, false],
    ['another capture', { ...older, uid: 'other' }, newer, false],
    ['a client to a capture', null, newer, false],
    ['a capture to a client', older, null, false],
    ['a client to a client', null, null, false],
  ])('%s', (_what, held, next, expected) => {
    expect(givesWay(held, next)).toBe(expected);
  });
});

describe('holdingCause', () => {
  it('holds after an order, and after nothing else', () => {
    const causes = Object.keys(END_CAUSES) as EndCause[];
    const holding = causes.filter((cause) => holdingCause({ admission: 'connected', cause }) !== null);
    expect(holding.sort()).toEqual(['keepalive', 'limit', 'refused', 'rest']);
    expect(holdingCause({ admission: 'connected', cause: null })).toBeNull();
  });

  it.each([
    ['a start that `connect` has refused', 'refused', 'refused'],
    ['a start that a limit has refused', 'limit', null],
  ] as const)('%s', (_what, cause, expected) => {
    expect(holdingCause({ admission: 'none', cause })).toBe(expected);
  });
});

describe('isHeld', () => {
  const capture = {
    uid: 'camera',
    epoch: 1,
    attempt: 1,
    generation: 1,
    provider: 'RTSP',
    afterTermination: 'Stay',
  } as const;
  it.each([
    ['a capture that was ended', capture, 'rest', true],
    ['one that comes back', { ...capture, afterTermination: 'Restart' }, 'rest', false],
    ['one whose source is away', capture, 'rtp', false],
    ['a client that was ended', null, 'rest', false],
  ] as const)('%s', (_what, of, cause, expected) => {
    expect(isHeld({ admission: 'connected', capture: of, cause })).toBe(expected);
  });
});
