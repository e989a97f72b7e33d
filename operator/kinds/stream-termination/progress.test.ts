import { describe, expect, it } from 'vitest';
import { runningPod } from '../../../test/builders/fleet-parts.ts';
import type { Pod } from '../../pods/pod.ts';
import { type PodEntry, pendingEntry, progressVerdicts, totalsOf, withoutAsking } from './progress.ts';

const ENTRY = pendingEntry(runningPod('a'));
const DONE: PodEntry = { ...ENTRY, state: 'Done', matched: 2, terminated: 1 };

describe('withoutAsking', () => {
  it.each<[string, Pod | undefined, string | null]>([
    ['runs', runningPod('a'), null],
    ['does not run, as far as is known', runningPod('a', { isRunning: false }), null],
    ['has restarted since the start', runningPod('a', { restarts: 1 }), 'its container has restarted'],
    ['has ended for good', runningPod('a', { isOver: true }), 'the pod is gone'],
    ['is gone', undefined, 'the pod is gone'],
  ])('knows whether a pod must be asked that %s', (_what, pod, message) => {
    const gone = message === null ? null : { uid: 'a', name: 'live-a', state: 'Gone', message };
    expect(withoutAsking(ENTRY, pod)).toEqual(gone);
  });

  it('asks no pod twice', () => {
    expect(withoutAsking(DONE, runningPod('a', { restarts: 1 }))).toBe(DONE);
  });
});

describe('progressVerdicts', () => {
  const statuses = (pods: readonly PodEntry[], isLate = false): string[] =>
    progressVerdicts(pods, isLate).map(({ reason, status, type }) => `${type}=${status}/${reason}`);

  it.each<[string, readonly PodEntry[], boolean, string[]]>([
    [
      'all pods have answered',
      [DONE],
      false,
      ['Complete=True/Completed', 'Failed=False/Completed', 'Ready=True/Ready'],
    ],
    [
      'it is late, but all have answered',
      [DONE],
      true,
      ['Complete=True/Completed', 'Failed=False/Completed', 'Ready=True/Ready'],
    ],
    [
      'a pod has not answered',
      [DONE, ENTRY],
      false,
      ['Complete=False/Running', 'Failed=False/Running', 'Ready=False/Running'],
    ],
    [
      'it is late',
      [ENTRY],
      true,
      ['Complete=False/Failed', 'Failed=True/PodsUnreachable', 'Ready=False/PodsUnreachable'],
    ],
  ])('when %s', (_what, pods, isLate, expected) => {
    expect(statuses(pods, isLate)).toEqual(expected);
  });

  it('names the pod that has not answered, and why', () => {
    const [first] = progressVerdicts(
      [
        { ...ENTRY, message: 'timeout' },
        { ...ENTRY, uid: 'b' },
      ],
      true,
    );
    expect(first?.message).toBe('pod live-a has not answered: timeout (and 1 more)');
  });
});

describe('totalsOf', () => {
  it('has denied clients only if clients were to be denied', () => {
    const pods = [{ ...DONE, denied: 2 }, DONE];
    expect(totalsOf(pods)).toEqual({ matched: 4, terminated: 2, denied: 2 });
    expect(progressVerdicts(pods, false)[0]?.message).toBe('matched 4, ended 2, denied 2');
  });

  it('adds up what pods have answered', () => {
    expect(totalsOf([DONE, { ...DONE, uid: 'b' }, ENTRY])).toEqual({ matched: 4, terminated: 2 });
  });
});
