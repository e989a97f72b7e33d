import type { PodStatus } from '../../../crds/schema/internal.ts';
import { namesOf, no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import type { Fleet, PodReport } from '../../pods/fleets.ts';
import type { Pod } from '../../pods/pod.ts';
import type { Fault } from './verdicts.ts';

export type FleetInput = {
  readonly pods: readonly Pod[];
  readonly fleet: Pick<Fleet, 'reports' | 'roster'>;
  /** Why the newest roster is not written. */
  readonly rosterFault: Fault | null;
};

/** It has not been ready yet. */
const isStarting = ({ isLost, isReady }: Pod): boolean => !isReady && !isLost;

/** A running pod, and what it has reported. */
type Told = { readonly name: string; readonly isStarting: boolean; readonly report: PodReport | undefined };
type Finding = { readonly reason: string; readonly message: string } | null;

/** Whether every pod knows every pod, so that one request reaches them all. Pure. */
export function fleetReady({ fleet, pods, rosterFault }: FleetInput): Verdict {
  const running = pods.filter(({ isRunning }) => isRunning);
  if (!rosterFault && running.length === 0) return unknown('FleetReady', 'NoPods', 'no pod is running');
  const told = running.map((pod): Told => {
    return { name: pod.name, isStarting: isStarting(pod), report: fleet.reports.get(pod.uid) };
  });
  const finding =
    rosterFault ??
    unreachable(told) ??
    unable(told) ??
    apart(told) ??
    pipeless(told) ??
    joining(told, fleet.roster?.revision ?? 0);
  if (finding) return no('FleetReady', finding.reason, finding.message);
  return yes('FleetReady', 'AllKnown', told.length === 1 ? '1 pod runs' : `${told.length} pods know one another`);
}

function unreachable(told: readonly Told[]): Finding {
  const silent = told.filter(({ isStarting, report }) => report?.kind === 'failed' && !isStarting);
  if (silent.length === 0) return null;
  const message = `the operator cannot reach ${namesOf(silent.map(({ name }) => name))}; terminate may answer 503`;
  return { reason: 'PodUnreachable', message };
}

/** An image of an older version does not know the others. Alone, it need not. */
function unable(told: readonly Told[]): Finding {
  const old = told.filter(({ report }) => report?.kind === 'answered' && report.status.fleet === undefined);
  if (old.length === 0 || told.length === 1) return null;
  return { reason: 'ImageTooOld', message: `the image of ${namesOf(old.map(({ name }) => name))} knows no other pods` };
}

function apart(told: readonly Told[]): Finding {
  const pairs = told.flatMap(({ name, report }) => {
    const state = report?.kind === 'answered' ? report.status.fleet : undefined;
    return state?.admitted ? state.unreached.map((other) => `${name} cannot reach ${other}`) : [];
  });
  return pairs.length === 0 ? null : { reason: 'MemberUnreachable', message: `pod ${namesOf(pairs)}` };
}

/** A stream of one pod that another one cannot get, so its viewers there are refused. */
function pipeless(told: readonly Told[]): Finding {
  const faults = told.flatMap(({ name, report }) => {
    const fault = report?.kind === 'answered' ? report.status.fleet?.pipeFault : undefined;
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
  return faults.length === 0 ? null : { reason: 'PipeFailed', message: `pod ${namesOf(faults)}` };
}

function joining(told: readonly Told[], revision: number): Finding {
  const waiting = told.filter(({ report }) => report?.kind !== 'answered' || isBehind(report.status.fleet, revision));
  if (waiting.length === 0) return null;
  return { reason: 'Joining', message: `not known to all pods yet: ${namesOf(waiting.map(({ name }) => name))}` };
}

const isBehind = (state: PodStatus['fleet'], revision: number): boolean =>
  state !== undefined && (!state.admitted || state.revision < revision);
