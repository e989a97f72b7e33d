import { beforeEach, expect, it } from 'vitest';
import type { HeldCapture } from '../../crds/schema/capture-messages.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Resumed } from './resumed.ts';

let clock: VirtualClock;
let here: Map<string, number>;
let resumed: Resumed;

beforeEach(() => {
  clock = new VirtualClock();
  here = new Map();
  resumed = new Resumed(clock, (uid) => here.get(uid));
});

const held = (uid: string, at: number): HeldCapture => {
  return { uid, at, appKey: 'app', name: uid, url: `rtsp://192.0.2.7/${uid}` };
};

it('a capture that is held is told until it is held no longer', () => {
  resumed.set([held('u1', 5_000)]);
  expect(resumed.add('u1')).toBe(true);
  expect(resumed.all).toEqual([{ uid: 'u1', at: clock.now(), heldAt: 5_000 }]);
  resumed.set([held('u1', 5_000), held('u2', 6_000)]);
  expect(resumed.all.length).toBe(1);
  resumed.set([held('u2', 6_000)]);
  expect(resumed.all).toEqual([]);
});

it('a capture that is not held is not started again', () => {
  resumed.set([held('u1', 5_000)]);
  expect(resumed.add('other')).toBe(false);
  expect(resumed.all).toEqual([]);
});

it('a capture that was ended again stays ended', () => {
  resumed.set([held('u1', 5_000)]);
  resumed.add('u1');
  resumed.set([held('u1', 9_000)]);
  expect(resumed.all).toEqual([]);
});

it('a capture of this pod is started again before the operator has written down that it is held', () => {
  here.set('u1', 5_700);
  expect(resumed.add('u1')).toBe(true);
  resumed.set([]);
  here.clear();
  resumed.set([held('u1', 5_000)]);
  expect(resumed.all).toEqual([{ uid: 'u1', at: clock.now(), heldAt: 5_700 }]);
});
