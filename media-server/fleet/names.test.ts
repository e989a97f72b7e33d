import { beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../process/clock.ts';
import { fleetOfOne } from '../../test/builders/fleet-of-one.ts';
import { fakeSession, fakeStream, fakeStreams } from '../../test/builders/streams.ts';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import type { CaptureEpoch } from '../streams/capture-origin.ts';
import { Stream } from '../streams/stream.ts';
import { NoAnswer, type Wire } from './ask.ts';
import type { Fleet } from './fleet.ts';
import { ownNames } from './own-names.ts';

const NEVER = new AbortController().signal;
const OLDER: CaptureEpoch = { uid: 'camera', epoch: 1, attempt: 8 };
const NEWER: CaptureEpoch = { uid: 'camera', epoch: 2, attempt: 5 };

let clock: VirtualClock;
let pods: ReturnType<typeof pod>[];
let isCut: boolean;
/** A pod that no call reaches, and whose calls reach nobody. */
let lost: string | null;
/** How long a call takes. */
let latencyMs: number;

beforeEach(() => {
  clock = new VirtualClock();
  isCut = false;
  lost = null;
  latencyMs = 0;
  pods = ['pod-0', 'pod-1', 'pod-2'].map((uid) => pod(uid));
  const members = pods.map(({ uid }) => ({ pod: uid, uid, address: '192.0.2.1', port: 1 }));
  for (const { fleet } of pods) fleet.takeRoster({ revision: 2, members });
});

/** A pod whose calls reach the others unless the network is cut. */
function pod(uid: string) {
  const streams = fakeStreams();
  const wire: Wire = {
    send: async (member, op, call) => {
      if (latencyMs > 0) await sleep(clock, latencyMs, NEVER);
      const other = pods.find((each) => each.uid === member.uid);
      const isLost = lost === uid || lost === member.uid;
      if (isCut || isLost || !other) throw new NoAnswer('it did not answer in time', { isRefused: false });
      return other.fleet.answer(op, call);
    },
    pipe: () => {
      throw new Error('there are no pipes');
    },
  };
  const fleet: Fleet = fleetOfOne(streams, {
    ...{ uid, podName: uid, clock, wire, own: ownNames(streams.registry) },
    lose: (appKey, name) => {
      const publication = streams.registry.publication(appKey, name);
      if (publication) void streams.terminator.end(publication, 'name_conflict');
    },
  });
  return { ...streams, fleet, uid };
}

const at = (index: number) => pods[index] ?? pod('missing');

/** A publication on a pod, of a capture or of a client, that claims its name now. */
function start(index: number, assignment: CaptureEpoch | null, { isLive = true } = {}): Stream {
  const capture = assignment
    ? { ...assignment, generation: 1, provider: 'RTSP' as const, afterTermination: 'Stay' as const }
    : undefined;
  const session = fakeSession({ kind: capture ? 'capture' : 'whip', capture, createdAt: clock.now() });
  const { custom, direction, id, leg, name, offer } = fakeStream();
  const stream = new Stream({ id, session, direction, name, custom, offer, createdAt: clock.now() });
  stream.leg = leg;
  if (isLive) stream.goLive();
  at(index).registry.add(stream);
  at(index).sessions.add(session);
  return stream;
}

/** Asks all pods for the name, as `sessions/publish` does. */
const claim = (index: number, { appKey, createdAt, name, session }: Stream): Promise<boolean> =>
  at(index).fleet.names.claim({ appKey, name, at: createdAt, capture: session.capture });

describe('the name of a capture', () => {
  it.each([true, false])('is given to a newer assignment on another pod (live: %s)', async (isLive) => {
    const older = start(0, OLDER, { isLive });
    expect(await claim(1, start(1, NEWER, { isLive: false }))).toBe(true);
    expect(older.cause).toBe('name_conflict');
  });

  it.each<[string, CaptureEpoch | null]>([
    ['the same attempt', { ...NEWER }],
    ['an older attempt', { ...NEWER, attempt: 4 }],
    ['an older one', OLDER],
    ['another capture', { uid: 'other', epoch: 9, attempt: 9 }],
    ['a client', null],
  ])('stays where it is for %s', async (_what, assignment) => {
    const live = start(0, NEWER);
    await clock.advance(1);
    expect(await claim(1, start(1, assignment, { isLive: false }))).toBe(false);
    expect(live.cause).toBeNull();
  });

  it('is given to a newer attempt of the same program', async () => {
    const older = start(0, NEWER);
    expect(await claim(1, start(1, { ...NEWER, attempt: 6 }, { isLive: false }))).toBe(true);
    expect(older.cause).toBe('name_conflict');
  });

  it.each([
    ['a newer attempt', { ...NEWER, attempt: 6 }, true],
    ['another capture', { ...NEWER, uid: 'other', attempt: 6 }, false],
    ['a client', null, false],
  ])('of a pod that is lost goes to %s: %o', async (_what, assignment, isGiven) => {
    const older = start(0, NEWER);
    at(0).fleet.names.changed(older.appKey, older.name);
    await settle();
    lost = 'pod-0';
    const newer = start(1, assignment, { isLive: false });
    expect(await claim(1, newer)).toBe(isGiven);
    if (!isGiven) return;
    newer.goLive();
    at(1).fleet.names.changed(newer.appKey, newer.name);
    await settle();
    expect(at(2).fleet.names.holderOf(newer.appKey, newer.name)?.uid).toBe('pod-1');
    // It comes back, and still has the stream.
    lost = null;
    await clock.advance(2_000);
    expect([older.cause, newer.cause]).toEqual(['name_conflict', null]);
  });

  it('is not taken from a client', async () => {
    start(0, null);
    await clock.advance(1);
    expect(await claim(1, start(1, NEWER, { isLive: false }))).toBe(false);
  });

  it('goes to the newer one of two that ask at once, although the older one asks first', async () => {
    const older = start(0, OLDER, { isLive: false });
    expect(await claim(0, older)).toBe(true);
    await clock.advance(1);
    // Both other pods remember the claim of the older one.
    expect(await claim(1, start(1, NEWER, { isLive: false }))).toBe(true);
    expect(older.cause).toBe('name_conflict');
    expect(await claim(2, start(2, OLDER, { isLive: false }))).toBe(false);
  });

  it.each<[string, CaptureEpoch | null, CaptureEpoch | null, 'first' | 'second']>([
    ['the newer assignment', OLDER, NEWER, 'second'],
    ['the newer assignment, also if it came first', NEWER, OLDER, 'first'],
    ['the earlier one of two captures', OLDER, { ...NEWER, uid: 'other' }, 'first'],
    ['the earlier one of two clients', null, null, 'first'],
  ])('stays with %s when a network is whole again', async (_what, one, other, survivor) => {
    isCut = true;
    const first = start(0, one);
    await clock.advance(1);
    const second = start(1, other);
    isCut = false;
    at(1).fleet.names.changed(second.appKey, second.name);
    await settle();
    await clock.advance(2_000);
    const lost = [first, second].filter(({ cause }) => cause === 'name_conflict');
    expect(lost).toEqual([survivor === 'first' ? second : first]);
  });
});

describe('told', () => {
  it.each([
    ['know it', false],
    ['do not answer, twice', true],
  ])('resolves when the members %s', async (_what, cut) => {
    const { names } = at(0).fleet;
    [latencyMs, isCut] = [100, cut];
    names.changed('defaultApp', 'earlier');
    await settle();
    names.changed('defaultApp', 'a');
    let isTold = false;
    void names.told().then(() => {
      isTold = true;
    });
    await clock.advance(199);
    expect(isTold).toBe(false);
    await clock.advance(1);
    expect(isTold).toBe(true);
  });

  it('resolves at once when nothing has changed', async () => {
    await at(0).fleet.names.told();
  });
});

it('whoever waits for a name is told when it may have gone live, on any pod', async () => {
  const heard: string[] = [];
  for (const { fleet, uid } of pods) fleet.names.onChange(() => heard.push(uid));
  const stop = at(2).fleet.names.onChange(() => heard.push('stopped'));
  stop();
  start(0, null);
  at(0).fleet.names.changed('defaultApp', 'a');
  await settle();
  expect(heard.sort()).toEqual(['pod-0', 'pod-1', 'pod-2']);
});
