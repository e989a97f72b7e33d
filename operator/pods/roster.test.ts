import { describe, expect, it } from 'vitest';
import type { Roster } from '../../crds/schema/internal.ts';
import { runningPod } from '../../test/builders/fleet-parts.ts';
import type { Pod } from './pod.ts';
import { nextRoster } from './roster.ts';

const MEMBER = { pod: 'live-a', uid: 'a', address: '127.0.0.1', port: 9091 };
const CURRENT: Roster = { revision: 5, members: [MEMBER] };
const NOW = 1_000;

const next = (pods: readonly Pod[], current: Roster | null = CURRENT, highest = 0): Roster =>
  nextRoster({ current, pods, highest, now: NOW });

describe('nextRoster', () => {
  it('stays the same object while nothing changes', () => {
    expect(next([runningPod('a', { isReady: false, isDeleting: true })])).toBe(CURRENT);
  });

  it('takes in a pod that runs, whatever the order of the pods', () => {
    const both = [MEMBER, { ...MEMBER, pod: 'live-b', uid: 'b' }];
    expect(next([runningPod('b'), runningPod('a')])).toEqual({ revision: 6, members: both });
  });

  it.each<[string, Partial<Pod>]>([
    ['does not run yet', { isRunning: false }],
    ['has no address', { address: '' }],
  ])('waits for a pod that %s', (_what, over) => {
    expect(next([runningPod('a'), runningPod('b', over)])).toBe(CURRENT);
  });

  it.each<[string, Partial<Pod>, object]>([
    ['whose container has ended', { isRunning: false, endedAt: 7 }, { endedAt: 7 }],
    ['whose container waits', { isRunning: false }, { endedAt: 0 }],
    ['whose node has failed', { nodeHasFailed: true }, { lost: true }],
  ])('keeps a pod %s', (_what, over, fields) => {
    expect(next([runningPod('a', over)])).toEqual({ revision: 6, members: [{ ...MEMBER, ...fields }] });
  });

  it.each<[string, readonly Pod[]]>([
    ['whose object is gone', []],
    ['that has ended for good', [runningPod('a', { isOver: true })]],
  ])('leaves out a pod %s', (_what, pods) => {
    expect(next(pods)).toEqual({ revision: 6, members: [] });
  });

  it.each<[string, Roster | null, number, number]>([
    ['nothing has been written', null, 0, NOW],
    ['the written one was deleted, and pods have a higher one', null, 2_000, 2_001],
    ['somebody has put an older one back', CURRENT, 9, 10],
  ])('exceeds all earlier revisions if %s', (_what, current, highest, revision) => {
    expect(next([runningPod('a')], current, highest)).toEqual({ revision, members: [MEMBER] });
  });
});
