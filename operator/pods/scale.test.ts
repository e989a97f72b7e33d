import { describe, expect, it } from 'vitest';
import { type ScaledPod, type ScaleInput, type ScaleState, scale } from './scale.ts';

const RULES = { minReplicas: 1, maxReplicas: 5, targetStreams: 100, scaleDownDelayMs: 60_000, drainTimeoutMs: 540_000 };
const NOW = 1_000_000;

const pod = (uid: string, streams: number | null, over: Partial<ScaledPod> = {}): ScaledPod => ({
  uid,
  streams,
  isReady: true,
  isDeleting: false,
  ...over,
});
const state = (over: Partial<ScaleState> = {}): ScaleState => ({ replicas: 2, lowSince: null, leaving: null, ...over });
const scaled = (pods: readonly ScaledPod[], over: Partial<ScaleInput> = {}): ScaleState =>
  scale({ rules: RULES, state: state(), replicas: 2, pods, now: NOW, ...over });

const LEAVING = { uid: 'a', since: NOW - 1_000, isReleased: false };
const LONG_LOW = NOW - 60_000;

describe('scale', () => {
  it.each<[string, number, number]>([
    ['as many streams as two pods are for', 200, 2],
    ['one stream more', 201, 3],
    ['far too many streams', 9_999, 5],
  ])('has enough pods at once for %s', (_what, streams, replicas) => {
    expect(scaled([pod('a', streams), pod('b', 0)])).toEqual(state({ replicas }));
  });

  it('starts from the Deployment, within the bounds', () => {
    const input = { state: null, replicas: 9 };
    expect(scaled([pod('a', 0)], input)).toMatchObject({ replicas: 5, lowSince: NOW });
    expect(scaled([], { state: null, replicas: null })).toEqual(state({ replicas: 1 }));
  });

  it('waits before it removes a pod', () => {
    expect(scaled([pod('a', 10), pod('b', 20)])).toEqual(state({ lowSince: NOW }));
    const later = { state: state({ lowSince: LONG_LOW + 1 }) };
    expect(scaled([pod('a', 10), pod('b', 20)], later)).toEqual(later.state);
  });

  it('chooses the ready pod with the fewest streams', () => {
    const pods = [pod('a', 0, { isReady: false }), pod('b', 20), pod('c', 10)];
    expect(scaled(pods, { state: state({ replicas: 3, lowSince: LONG_LOW }) })).toMatchObject({
      replicas: 3,
      leaving: { uid: 'c', since: NOW, isReleased: false },
    });
  });

  it.each<[string, ScaledPod, number, boolean]>([
    ['has streams', pod('a', 1), NOW - 1_000, false],
    ['is empty but still ready', pod('a', 0), NOW - 1_000, false],
    ['is empty', pod('a', 0, { isReady: false }), NOW - 1_000, true],
    ['has streams after its time', pod('a', 1, { isReady: false }), NOW - 540_000, true],
  ])('removes the pod or not while it %s', (_what, leaving, since, isRemoved) => {
    const before = state({ lowSince: LONG_LOW, leaving: { ...LEAVING, since } });
    const after = scaled([leaving, pod('b', 5)], { state: before });
    expect([after.replicas, after.leaving?.isReleased]).toEqual([isRemoved ? 1 : 2, isRemoved]);
  });

  it('removes one pod at a time', () => {
    const before = state({ replicas: 3, lowSince: LONG_LOW, leaving: { ...LEAVING, isReleased: true } });
    const pods = ['a', 'b', 'c', 'd'].map((uid) => pod(uid, 0));
    expect(scaled(pods, { state: before })).toEqual({ ...before, lowSince: null });
    // The ReplicaSet has deleted another pod instead.
    expect(scaled(pods.slice(0, 3), { state: before }).leaving).toMatchObject({ uid: 'a', isReleased: false });
    // It is being deleted: the next one is chosen.
    const next = scaled([pod('a', 0, { isDeleting: true }), pod('b', 0), pod('c', 0)], { state: before });
    expect(next.leaving).toEqual({ uid: 'b', since: NOW, isReleased: false });
  });

  it('keeps a pod that was to leave if it is needed again', () => {
    const before = state({ lowSince: LONG_LOW, leaving: LEAVING });
    expect(scaled([pod('a', 100), pod('b', 100)], { state: before })).toEqual(state());
    expect(scaled([pod('a', 100), pod('b', 101)], { state: before })).toEqual(state({ replicas: 3 }));
  });

  it.each<[string, readonly ScaledPod[]]>([
    ['a pod does not answer', [pod('a', null), pod('b', 0)]],
    ['a rollout runs', [pod('a', 0), pod('b', 0), pod('c', 0)]],
  ])('removes no pod while %s', (_what, pods) => {
    const before = state({ lowSince: LONG_LOW, leaving: LEAVING });
    expect(scaled(pods, { state: before })).toEqual({ ...before, lowSince: null });
  });

  it('adds pods although one does not answer', () => {
    expect(scaled([pod('a', null), pod('b', 300)])).toMatchObject({ replicas: 3 });
  });
});
