import { beforeEach, expect, it } from 'vitest';
import type { CaptureOffer } from '../../crds/schema/capture-calls.ts';
import type { MediaPod } from '../../crds/schema/capture-messages.ts';
import { createLogger } from '../../process/logger.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import type { Channel } from '../fleet/conversation.ts';
import { ViewerCalls } from './viewer-calls.ts';

const URL = 'rtsp://192.0.2.7/';
const OFFER: CaptureOffer = { uid: 'u1', epoch: 1, appKey: 'app', name: 'gate', url: URL, startTimeoutMs: 10_000 };
const pod = (name: string, port = 9091): MediaPod => ({ pod: name, address: '192.0.2.1', port });

/** A connection to a media pod that the test plays. */
class MediaPodSide implements Channel {
  isBehind = false;
  readonly pod: string;
  readonly #sent: object[] = [];
  isClosed = false;
  hear: (line: unknown) => void = () => undefined;
  fail: (fault: string | null) => void = () => undefined;

  constructor(pod: string) {
    this.pod = pod;
  }

  /** What it was told, without heartbeats. */
  get told(): unknown[] {
    return this.#sent.flatMap((line) => ('event' in line ? [line.event] : []));
  }

  send(line: object): void {
    this.#sent.push(line);
  }

  close(): void {
    this.isClosed = true;
  }

  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void {
    this.hear = onLine;
    this.fail = onClosed;
  }
}

let clock: VirtualClock;
let opened: MediaPodSide[];
let wanted: string[];
let offers: CaptureOffer[];
let calls: ViewerCalls;
let isDown: boolean;
let lines: { readonly fault?: string }[];

beforeEach(() => {
  clock = new VirtualClock();
  [opened, wanted, offers, lines] = [[], [], [OFFER], []];
  isDown = false;
  calls = new ViewerCalls({
    clock,
    log: createLogger('info', { write: (line) => lines.push(JSON.parse(line)) }),
    open: (to) => {
      if (isDown) throw new Error('there is no key');
      const side = new MediaPodSide(to.pod);
      opened.push(side);
      return side;
    },
    offers: () => ({ captures: offers }),
    want: (uid) => wanted.push(uid),
    answer: async (call) => {
      if (!('stop' in call)) throw new Error('it failed');
      return { status: 200, detail: call.stop.url, found: [] };
    },
  });
});

it('each media pod is told what viewers may ask for, at once and after each change', () => {
  calls.set([pod('a'), pod('b')]);
  expect(opened.map((side) => [side.pod, side.told])).toEqual([
    ['a', [{ captures: [OFFER] }]],
    ['b', [{ captures: [OFFER] }]],
  ]);
  offers = [];
  calls.tell();
  calls.failed('u1', { detail: 'no', retryMs: 5 });
  for (const { told } of opened) {
    expect(told.slice(1)).toEqual([{ captures: [] }, { failed: { uid: 'u1', detail: 'no', retryMs: 5 } }]);
  }
});

it('a media pod that has not received the last list is told later, once', async () => {
  calls.set([pod('a'), pod('b')]);
  const [slow, other] = opened;
  if (!slow || !other) throw new Error('nothing was opened');
  slow.isBehind = true;
  for (const name of ['b', 'c', 'd']) {
    offers = [{ ...OFFER, name }];
    calls.tell();
  }
  await clock.advance(1_000);
  expect([slow.told.length, other.told.length]).toEqual([1, 4]);
  slow.isBehind = false;
  await clock.advance(100);
  expect(slow.told.slice(1)).toEqual([{ captures: offers }]);
  slow.isBehind = true;
  calls.tell();
  calls.close();
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});

it('a viewer of any media pod starts a capture; what is not understood is ignored', () => {
  calls.set([pod('a'), pod('b')]);
  opened[1]?.hear({ event: { start: { uid: 'u1' } } });
  opened[0]?.hear({ event: { start: {} } });
  opened[0]?.hear({ event: { later: 1 } });
  expect([wanted, opened.map(({ isClosed }) => isClosed)]).toEqual([['u1'], [false, false]]);
});

it('a media pod that is away is called again, and told anew', async () => {
  calls.set([pod('a')]);
  opened[0]?.fail('it refuses connections');
  isDown = true;
  await clock.advance(0);
  await clock.advance(10_000);
  isDown = false;
  await clock.advance(1_000);
  expect(opened.map(({ told }) => told)).toEqual([[{ captures: [OFFER] }], [{ captures: [OFFER] }]]);
  // Each reason is logged once, not each attempt.
  expect(lines.map(({ fault }) => fault)).toEqual(['it refuses connections', 'there is no key']);
});

it('media pods come and go, and nothing is left', async () => {
  calls.set([pod('a'), pod('b')]);
  calls.set([pod('b'), pod('c')]);
  calls.set([pod('b', 9092), pod('c')]);
  expect(opened.map((side) => [side.pod, side.isClosed])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
    ['b', false],
  ]);
  calls.close();
  await clock.advance(10_000);
  expect([opened.length, opened.every(({ isClosed }) => isClosed), clock.pending]).toEqual([4, true, 0]);
});

it('a call of the REST API is answered, also if it fails', async () => {
  calls.set([pod('a')]);
  opened[0]?.hear({ event: { id: 1, call: { stop: { url: URL } } } });
  opened[0]?.hear({ event: { id: 2, call: { resume: { uid: 'u1' } } } });
  await clock.advance(0);
  expect(opened[0]?.told.slice(1)).toEqual([
    { id: 1, reply: { status: 200, detail: URL, found: [] } },
    { id: 2, reply: { status: 500, detail: 'internal error; see the log of the capture pod', found: [] } },
  ]);
});

it('a call that is not understood is answered, so that nobody waits for it', () => {
  calls.set([pod('a')]);
  for (const event of [{ id: 1, call: { later: 1 } }, { id: -1, call: {} }, { id: 2 }]) opened[0]?.hear({ event });
  expect(opened[0]?.told.slice(1)).toEqual([
    { id: 1, reply: { status: 500, detail: 'the capture pod does not know this call', found: [] } },
  ]);
});
