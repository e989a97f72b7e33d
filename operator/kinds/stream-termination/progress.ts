import type { Static } from 'typebox';
import type { StreamTerminationStatus } from '../../../crds/schema/stream-termination.ts';
import { no, type Verdict, yes } from '../../kube/conditions.ts';
import type { Pod } from '../../pods/pod.ts';
import { ready } from '../ready.ts';

export type TerminationStatus = Static<typeof StreamTerminationStatus>;
export type PodEntry = NonNullable<TerminationStatus['pods']>[number];

/** A pod in the status of a StreamTermination, before it is asked. */
export const pendingEntry = ({ name, restarts, uid }: Pod): PodEntry => ({ uid, name, state: 'Pending', restarts });

/**
 * What can be said of a pod without asking it; null = it must be asked. A pod that is gone, and a container that has
 * restarted since the start, hold no stream that was live at the start. Pure.
 */
export function withoutAsking(entry: PodEntry, pod: Pod | undefined): PodEntry | null {
  if (entry.state !== 'Pending') return entry;
  if (!pod || pod.isOver) return gone(entry, 'the pod is gone');
  return pod.restarts > (entry.restarts ?? 0) ? gone(entry, 'its container has restarted') : null;
}

/** A pod that holds no stream any more. */
export const gone = ({ name, uid }: PodEntry, message: string): PodEntry => ({ uid, name, state: 'Gone', message });

/** The status fields beside the conditions. Pure. */
export function totalsOf(pods: readonly PodEntry[]): Pick<TerminationStatus, 'denied' | 'matched' | 'terminated'> {
  const sum = (read: (entry: PodEntry) => number | undefined): number =>
    pods.reduce((total, entry) => total + (read(entry) ?? 0), 0);
  const isDenied = pods.some(({ denied }) => denied !== undefined);
  return {
    matched: sum(({ matched }) => matched),
    terminated: sum(({ terminated }) => terminated),
    ...(isDenied ? { denied: sum(({ denied }) => denied) } : {}),
  };
}

export const waitVerdicts = (reason: string, message: string): Verdict[] =>
  withReady([no('Complete', reason, message), no('Failed', reason, message)]);

export const failVerdicts = (reason: string, message: string): Verdict[] =>
  withReady([no('Complete', 'Failed', message), yes('Failed', reason, message)]);

const withReady = (verdicts: readonly Verdict[]): Verdict[] => [
  ...verdicts,
  ready(verdicts, { mustBeFalse: ['Failed'], mustBeTrue: ['Complete'] }),
];

/** The conditions after a round of calls. Pure. */
export function progressVerdicts(pods: readonly PodEntry[], isLate: boolean): Verdict[] {
  const pending = pods.filter(({ state }) => state === 'Pending');
  if (pending.length === 0) {
    const { denied, matched = 0, terminated = 0 } = totalsOf(pods);
    const message = `matched ${matched}, ended ${terminated}${denied === undefined ? '' : `, denied ${denied}`}`;
    return withReady([yes('Complete', 'Completed', message), no('Failed', 'Completed', message)]);
  }
  const [first] = pending;
  const more = pending.length > 1 ? ` (and ${pending.length - 1} more)` : '';
  const message = `pod ${first?.name} has not answered: ${first?.message ?? 'it has not been asked yet'}${more}`;
  return isLate ? failVerdicts('PodsUnreachable', message) : waitVerdicts('Running', message);
}
