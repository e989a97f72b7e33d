import { beforeEach, describe, expect, it } from 'vitest';
import { fakeSession } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { CaptureHolds } from './capture-holds.ts';
import type { CaptureOrigin } from './capture-origin.ts';
import { type Denial, DenyList } from './deny.ts';

const CAMERA: CaptureOrigin = {
  uid: 'camera',
  epoch: 1,
  attempt: 1,
  generation: 3,
  provider: 'RTSP',
  afterTermination: 'Stay',
};

let clock: VirtualClock;
let holds: CaptureHolds;
let told: Denial[];

beforeEach(() => {
  ({ holds, told } = pod());
});

/** The holds of a pod, and what it tells the others. */
function pod() {
  clock = new VirtualClock();
  const deny = new DenyList({ clock, isProxy: () => false });
  const told: Denial[] = [];
  return { deny, holds: new CaptureHolds({ clock, deny, tell: (denial) => told.push(denial) }), told };
}

function session(capture: CaptureOrigin | undefined = CAMERA) {
  const made = fakeSession({ kind: 'capture', capture });
  made.admission = 'connected';
  holds.watch(made);
  return made;
}

describe('CaptureHolds', () => {
  it.each(['keepalive', 'refused', 'rest', 'limit'] as const)(
    'holds for a minute what ended with %s',
    async (cause) => {
      session().markEnded(cause);
      await clock.advance(59_999);
      expect(holds.causeOf(CAMERA)).toBe(cause);
      await clock.advance(1);
      expect(holds.causeOf(CAMERA)).toBeNull();
    },
  );

  it.each(['drain', 'worker_died', 'disconnect', 'ice', 'dtls', 'rtp', 'client', 'name_conflict'] as const)(
    'does not hold what ended with %s',
    (cause) => {
      session().markEnded(cause);
      expect(holds.causeOf(CAMERA)).toBeNull();
      expect(told).toEqual([]);
    },
  );

  it.each<[string, Partial<CaptureOrigin>, boolean]>([
    ['a later assignment of the same generation', { epoch: 2 }, true],
    ['another address of the same generation', { provider: 'SRT' }, true],
    ['the next generation', { generation: 4 }, false],
    ['another capture', { uid: 'other' }, false],
  ])('%s', (_what, over, isHeld) => {
    session().markEnded('rest');
    expect(holds.causeOf({ ...CAMERA, ...over }) !== null).toBe(isHeld);
  });

  it('holds on another pod that is told', () => {
    session().markEnded('keepalive');
    const other = pod();
    for (const denial of told) other.deny.add(denial);
    expect([told.length, other.holds.causeOf(CAMERA), other.told]).toEqual([1, 'keepalive', []]);
  });

  it('holds from the moment of the order, before the stream is closed', () => {
    const ending = session();
    ending.signal.addEventListener('abort', () => expect(holds.causeOf(CAMERA)).toBe('rest'));
    ending.markEnded('rest');
    expect.assertions(1);
  });

  it('holds nothing of a session that is not a capture', () => {
    const client = fakeSession({ kind: 'whip' });
    holds.watch(client);
    client.markEnded('rest');
    expect(told).toEqual([]);
  });
});
