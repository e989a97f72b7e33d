import type { Roster, RosterMember } from '../../crds/schema/internal.ts';
import type { Pod } from './pod.ts';

export type RosterInput = {
  /** null = none has been written. */
  readonly current: Roster | null;
  readonly pods: readonly Pod[];
  /** The highest revision that a pod has reported. */
  readonly highest: number;
  /** Unix time, milliseconds. */
  readonly now: number;
};

/**
 * The roster of a fleet. A pod becomes a member when it runs, and stays one until its object is gone or it has ended
 * for good: a pod that does not answer may still have streams. The revision grows with each change, also if the written
 * roster was deleted. Returns `current` if nothing has changed. Pure.
 */
export function nextRoster({ current, highest, now, pods }: RosterInput): Roster {
  const known = new Set(current?.members.map(({ uid }) => uid));
  const members = pods
    .filter((pod) => !pod.isOver && pod.address !== '' && (pod.isRunning || known.has(pod.uid)))
    .map(memberOf)
    .sort((one, other) => (one.uid < other.uid ? -1 : 1));
  const isBehind = current !== null && highest > current.revision;
  if (current && !isBehind && JSON.stringify(members) === JSON.stringify(current.members)) return current;
  const revision = current ? Math.max(current.revision, highest) + 1 : Math.max(highest + 1, now);
  return { revision, members };
}

function memberOf({ address, endedAt, internalPort, isRunning, name, nodeHasFailed, uid }: Pod): RosterMember {
  return {
    pod: name,
    uid,
    address,
    port: internalPort,
    ...(isRunning ? {} : { endedAt }),
    ...(nodeHasFailed ? { lost: true } : {}),
  };
}
