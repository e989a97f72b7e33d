import { beforeEach, expect, it } from 'vitest';
import { captureOrder } from '../../test/builders/capture-stage.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { MediaPods } from './media-pods.ts';
import { type PublisherDeps, publisher } from './publisher.ts';

const NOBODY = { onEnded: () => undefined, onDrain: () => undefined, onPlayed: () => undefined, presentedNow: () => 0 };

let mediaPods: MediaPods;
let asked: number;
/** Has no key. */
const agent: PublisherDeps['agent'] = {
  get: () => {
    asked += 1;
    throw new Error('capture.key: has no key of the role capture');
  },
};

beforeEach(() => {
  mediaPods = new MediaPods();
  asked = 0;
});

const publish = (signal = new AbortController().signal) =>
  publisher({ agent, clock: new VirtualClock(), mediaPods })(captureOrder(), ['video'], NOBODY, signal);

it('a capture is refused while there is no media pod', async () => {
  expect(await publish()).toMatchObject({ kind: 'refused', status: 503, detail: 'there is no media pod' });
});

it('a capture is refused while there is no key, and each media pod is tried', async () => {
  mediaPods.set(['a', 'b', 'c', 'd'].map((pod) => ({ pod, address: '127.0.0.1', port: 9 })));
  expect(await publish()).toEqual({
    kind: 'refused',
    status: 503,
    detail: 'Error: capture.key: has no key of the role capture',
    cause: null,
    retryAfterMs: null,
  });
  expect(asked).toBe(3);
});

it('no other media pod is tried when the start is abandoned', async () => {
  mediaPods.set(['a', 'b'].map((pod) => ({ pod, address: '127.0.0.1', port: 9 })));
  expect(await publish(AbortSignal.abort())).toMatchObject({ kind: 'refused' });
  expect(asked).toBe(1);
});
