import { no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import type { Fleet } from '../../pods/fleets.ts';
import type { Pod } from '../../pods/pod.ts';
import type { Fault } from './verdicts.ts';

export type FleetInput = {
  readonly pods: readonly Pod[];
  readonly fleet: Pick<Fleet, 'reports' | 'roster'>;
  /** Why the newest roster is not written. */
  readonly rosterFault: Fault | null;
};

const MOST_NAMED = 5;

/** It has not been ready yet. */
const isStarting = ({ isLost, isReady }: Pod): boolean => !isReady && !isLost;

/** Whether every pod knows every pod, so that one request reaches them all. Pure. */
export function fleetReady({ fleet, pods, rosterFault }: FleetInput): Verdict {
  if (rosterFault) return no('FleetReady', rosterFault.reason, rosterFault.message);
  const running = pods.filter(({ isRunning }) => isRunning);
  if (running.length === 0) return unknown('FleetReady', 'NoPods', 'no pod is running');
  const told = running.map((pod) => ({
    name: pod.name,
    report: fleet.reports.get(pod.uid),
    isStarting: isStarting(pod),
  }));
  const silent = told
    .filter(({ isStarting, report }) => report?.kind === 'failed' && !isStarting)
    .map(({ name }) => name);
  if (silent.length > 0) {
    return no('FleetReady', 'PodUnreachable', `the operator cannot reach ${namesOf(silent)}; terminate may answer 503`);
  }
  const states = told.map(({ name, report }) => ({
    name,
    state: report?.kind === 'answered' ? report.status.fleet : null,
  }));
  const behind = states.filter(({ state }) => state && state.revision < (fleet.roster?.revision ?? 0));
  const joining = states.filter(({ state }) => !state?.admitted);
  const apart = states.flatMap(({ name, state }) =>
    state?.admitted ? state.unreached.map((other) => `${name} cannot reach ${other}`) : [],
  );
  if (apart.length > 0) return no('FleetReady', 'MemberUnreachable', `pod ${namesOf(apart)}`);
  const waiting = [...new Set([...joining, ...behind].map(({ name }) => name))];
  if (waiting.length > 0) return no('FleetReady', 'Joining', `not known to all pods yet: ${namesOf(waiting)}`);
  return yes('FleetReady', 'AllKnown', running.length === 1 ? '1 pod runs' : `${running.length} pods know one another`);
}

function namesOf(names: readonly string[]): string {
  const others = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${others}`;
}
