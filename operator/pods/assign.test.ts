import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignable, type Assignment, assign, type Candidate } from './assign.ts';

const pod = (uid: string, isReady = true): Candidate => ({ uid, name: `live-capture-${uid}`, isReady });
const on = (podUid: string, epoch = 1): Assignment => ({ pod: `live-capture-${podUid}`, podUid, epoch });
const capture = (uid: string, assignment: Assignment | null = null): Assignable => ({ uid, assignment });

describe('assign', () => {
  it('gives a new capture to a ready pod, with the first epoch', () => {
    expect(assign([capture('c')], [pod('a', false), pod('b')], 50)).toEqual(new Map([['c', on('b', 1)]]));
  });

  it('leaves a capture where it is, also while its pod is not ready or has too many', () => {
    const captures = [capture('1', on('a')), capture('2', on('a')), capture('3', on('a'))];
    expect(assign(captures, [pod('a', false), pod('b')], 1)).toEqual(new Map());
  });

  it('moves a capture whose pod is gone, with a higher epoch', () => {
    expect(assign([capture('c', on('gone', 7))], [pod('b')], 50)).toEqual(new Map([['c', on('b', 8)]]));
  });

  it('gives none without a pod that is ready and has room', () => {
    expect(assign([capture('c', on('gone', 7))], [], 50)).toEqual(new Map());
    expect(assign([capture('c')], [pod('a', false)], 50)).toEqual(new Map());
    expect(assign([capture('1', on('a')), capture('2')], [pod('a')], 1)).toEqual(new Map());
  });

  it('spreads captures over pods', () => {
    const captures = Array.from({ length: 300 }, (_, index) => capture(`c${index}`));
    const loads = new Map<string, number>();
    for (const { podUid } of assign(captures, [pod('a'), pod('b'), pod('c')], 300).values())
      loads.set(podUid, (loads.get(podUid) ?? 0) + 1);
    for (const uid of ['a', 'b', 'c']) expect(loads.get(uid)).toBeGreaterThan(60);
  });

  it('is the same for any order of captures and pods', () => {
    const captures = ['1', '2', '3', '4'].map((uid) => capture(uid));
    const pods = [pod('a'), pod('b')];
    expect(assign(captures.toReversed(), pods.toReversed(), 2)).toEqual(assign(captures, pods, 2));
  });
});

const UIDS = ['a', 'b', 'c', 'd'];
type Step = {
  /** The state of each pod from now on; absent = gone. */
  readonly pods: Readonly<Record<string, boolean>>;
  readonly captures: readonly string[];
  readonly capturesPerPod: number;
};
const steps = fc.array(
  fc.record<Step>({
    pods: fc.dictionary(fc.constantFrom(...UIDS), fc.boolean()),
    captures: fc.uniqueArray(fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `c${index}`))),
    capturesPerPod: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 20 },
);

/** Applies assignments like the operator: a capture keeps its last one for as long as it exists. */
function afterwards(known: ReadonlyMap<string, Assignment>, step: Step): Map<string, Assignment> {
  const captures = step.captures.map((uid) => capture(uid, known.get(uid) ?? null));
  const pods = Object.entries(step.pods).map(([uid, isReady]) => pod(uid, isReady));
  const changes = assign(captures, pods, step.capturesPerPod);
  return new Map(
    step.captures.flatMap((uid) => {
      const assignment = changes.get(uid) ?? known.get(uid);
      return assignment ? [[uid, assignment] as const] : [];
    }),
  );
}

type Assignments = ReadonlyMap<string, Assignment>;

/** Each promise that a step breaks, as a sentence. */
function brokenPromises(before: Assignments, after: Assignments, { captures, capturesPerPod, pods }: Step): string[] {
  const isThere = (assignment: Assignment | undefined): boolean =>
    assignment !== undefined && assignment.podUid in pods;
  const load = (uid: string): number => captures.filter((each) => after.get(each)?.podUid === uid).length;
  const gains = captures.flatMap((uid) => {
    const now = after.get(uid);
    return now && now !== before.get(uid) ? [{ uid, now, old: before.get(uid) }] : [];
  });
  const isLeftOut = captures.some((uid) => !isThere(after.get(uid)));
  const hasRoom = UIDS.some((uid) => pods[uid] === true && load(uid) < capturesPerPod);
  return [
    ...gains.filter(({ old }) => isThere(old)).map(({ uid }) => `${uid} has moved without need`),
    ...gains.filter(({ now }) => pods[now.podUid] !== true).map(({ uid }) => `${uid} is on a pod that is not ready`),
    ...gains.filter(({ now, old }) => now.epoch !== (old?.epoch ?? 0) + 1).map(({ uid }) => `${uid} has a wrong epoch`),
    ...gains.filter(({ now }) => load(now.podUid) > capturesPerPod).map(({ uid }) => `${uid} is one too many`),
    ...(isLeftOut && hasRoom ? ['a capture is left out while a ready pod has room'] : []),
  ];
}

it('never moves a capture without need, gives it to a ready pod with room only, and raises its epoch', () => {
  fc.assert(
    fc.property(steps, (all) => {
      let known = new Map<string, Assignment>();
      for (const step of all) {
        const before = new Map([...known].filter(([uid]) => step.captures.includes(uid)));
        known = afterwards(before, step);
        expect(brokenPromises(before, known, step)).toEqual([]);
      }
    }),
  );
});

it('moves only the captures of a pod that leaves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.constantFrom(...UIDS), (count, lost) => {
      const captures = Array.from({ length: count }, (_, index) => `c${index}`);
      const all = { captures, capturesPerPod: 40, pods: Object.fromEntries(UIDS.map((uid) => [uid, true])) };
      const before = afterwards(new Map(), all);
      const { [lost]: _lost, ...left } = all.pods;
      const after = afterwards(before, { ...all, pods: left });
      for (const [uid, { podUid }] of before) {
        if (podUid === lost) expect(after.get(uid)?.podUid).not.toBe(lost);
        else expect(after.get(uid)).toBe(before.get(uid));
      }
    }),
  );
});
