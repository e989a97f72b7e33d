import { describe, expect, it } from 'vitest';
import { END_CAUSES, type EndCause } from '../../crds/schema/end-causes.ts';
import { type CaptureEpoch, givesWay, holdingCause } from './capture-origin.ts';

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
