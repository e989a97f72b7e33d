import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { DenyList } from '../streams/deny.ts';
import { idsOf, matchStreams } from '../streams/filter.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Terminator } from '../streams/terminate.ts';
import { askFleet, type FleetAnswer, type MemberAnswer } from './fan-out.ts';

/** An order to end streams, from the REST API. */
export type TerminateOrder = {
  readonly filter: StreamFilter;
  /** `pod` = only this pod. */
  readonly scope: 'fleet' | 'pod';
  readonly dryRun: boolean;
  readonly cause: 'rest' | 'disconnect';
  /** How long the same client is refused the same stream, milliseconds; 0 = not at all. */
  readonly denyForMs: number;
};

export type TerminateDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  readonly deny: DenyList;
  readonly podName: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: { terminateRequest(scope: string, result: string): void };
};

/** Carries out an order and writes an audit log line. */
export async function terminate(deps: TerminateDeps, order: TerminateOrder, caller: string): Promise<FleetAnswer> {
  const self = { pod: deps.podName, ask: () => terminateHere(deps, order) };
  const answer = await askFleet([self], order, idsOf(order.filter));
  deps.metrics.terminateRequest(order.scope, String(answer.status));
  audit(deps.log, order, answer, caller);
  return answer;
}

async function terminateHere(deps: TerminateDeps, order: TerminateOrder): Promise<MemberAnswer> {
  const orderedAt = deps.clock.monotonic();
  const streams = matchStreams(deps.registry, order.filter);
  const matchedIds = streams.map(({ id }) => id);
  if (order.dryRun) return { pod: deps.podName, matchedIds, terminated: 0, denied: 0 };
  const denied = order.denyForMs === 0 ? [] : streams.filter((stream) => deps.deny.deny(stream, order.denyForMs));
  const { ended, failed } = await deps.terminator.endAll(streams, order.cause, { orderedAt });
  const answer = { pod: deps.podName, matchedIds, terminated: ended, denied: denied.length };
  return failed === 0 ? answer : { ...answer, error: `${failed} of ${streams.length} streams could not be closed` };
}

/** Ids are only counted: an order may name 10,000 of them. */
function audit(log: Log, order: TerminateOrder, answer: FleetAnswer, caller: string): void {
  const { cause, denyForMs, dryRun, filter } = order;
  const { denied, matched, pods, status, terminated } = answer;
  const { mediaSessionIds, ...rest } = filter;
  const failed = pods.filter(({ error }) => error !== undefined).map(({ error, pod }) => ({ pod, error }));
  log.info(
    {
      caller,
      filter: mediaSessionIds ? { ...rest, mediaSessionIds: mediaSessionIds.length } : rest,
      cause,
      dryRun,
      ...(denyForMs > 0 ? { denyForMs, denied } : {}),
      status,
      matched,
      terminated,
      ...(failed.length > 0 ? { failed } : {}),
    },
    'terminate requested',
  );
}
