import type { PodHook } from '../../crds/schema/internal.ts';
import { no, unknown, type Verdict, yes } from '../kube/conditions.ts';
import { splitKey } from '../kube/objects.ts';
import type { Fleets } from './fleets.ts';

/** The joined reports of all pods about the backend of a RestHook. */
export type HookReport = Omit<PodHook, 'name'>;

export function joinReports(reports: readonly HookReport[]): HookReport {
  const numbers = (read: (each: HookReport) => number): number[] => reports.map(read);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    lastSuccessAt: Math.max(0, ...numbers((each) => each.lastSuccessAt)),
    lastFailureAt: Math.max(0, ...numbers((each) => each.lastFailureAt)),
    recentCalls: sum(numbers((each) => each.recentCalls)),
    recentFailures: sum(numbers((each) => each.recentFailures)),
    saturated: reports.some((each) => each.saturated),
  };
}

/** Whether the backend answers. The message has no numbers, which would change it at each poll. Pure. */
export function reachable({ lastFailureAt, lastSuccessAt, recentCalls, recentFailures }: HookReport): Verdict {
  if (lastSuccessAt === 0 && lastFailureAt === 0)
    return unknown('Reachable', 'NotCalled', 'no pod has called the backend yet');
  const isFailing = recentCalls > 0 ? 2 * recentFailures > recentCalls : lastFailureAt > lastSuccessAt;
  if (isFailing) {
    const why = 'no connection, a timeout, or a status such as 500; see the logs of the pods';
    return no('Reachable', 'Failing', `most calls fail: ${why}`);
  }
  if (recentFailures > 0) return yes('Reachable', 'SomeFail', 'most calls are answered; some failed recently');
  return yes('Reachable', 'Answering', 'calls are answered');
}

/** Whether checks wait for a connection for longer than a call may last (docs/keep-alive.md). Pure. */
export function saturated(report: HookReport): Verdict {
  if (!report.saturated) return no('Saturated', 'EnoughConnections', 'no keep-alive check waits for a connection');
  return yes(
    'Saturated',
    'ChecksWait',
    'keep-alive checks wait for a connection: ' +
      'increase maxConnections, increase the interval, or make the backend faster',
  );
}

/** Joins the reports of all pods in the namespace of a RestHook that use it. */
export function healthOf(fleets: Fleets, key: string): HookReport {
  const { name, namespace } = splitKey(key);
  const told = [...fleets.entries()]
    .filter(([server]) => splitKey(server).namespace === namespace)
    .flatMap(([, fleet]) => fleet.statuses())
    .flatMap(({ hooks }) => hooks.filter((hook) => hook.name === name));
  return joinReports(told);
}
