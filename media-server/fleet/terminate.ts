import { randomUUID } from 'node:crypto';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import type { Log } from '../../process/logger.ts';
import type { Denial } from '../streams/deny.ts';
import { idsOf } from '../streams/filter.ts';
import { isServerMade } from '../streams/stream-id.ts';
import type { Asked, Asking } from './ask.ts';
import { combine, type FleetAnswer } from './combine.ts';
import type { Answer } from './messages.ts';

/** An order to end streams, from the REST API. */
export type TerminateOrder = {
  readonly filter: StreamFilter;
  /** `pod` = only this pod. */
  readonly scope: 'fleet' | 'pod';
  readonly dryRun: boolean;
  /** How long the same client is refused the same stream, milliseconds; 0 = not at all. */
  readonly denyForMs: number;
};

export type TerminateDeps = {
  readonly fleet: Pick<Asking, 'all' | 'here'>;
  readonly log: Log;
  readonly metrics: { terminateRequest(scope: string, result: string): void };
};

type Replies = readonly Asked<Answer<'terminate'>>[];

/** Carries out an order and writes an audit log line. */
export async function terminate(deps: TerminateDeps, order: TerminateOrder, caller: string): Promise<FleetAnswer> {
  const replies = await carryOut(deps, order);
  const { denyForMs, dryRun, filter, scope } = order;
  const denied = replies.reduce((total, { answer }) => total + (answer?.denied ?? 0), 0);
  const answer = { ...combine(replies, uniqueIds(order)), ...(denyForMs > 0 ? { denied } : {}) };
  const limits = denyForMs > 0 ? { denyForMs, denied } : {};
  recordOrder(deps, { caller, scope, filter, cause: 'rest', dryRun, ...limits }, answer);
  return answer;
}

/** The ids of an order, if they name no other streams: with them, pods that hold none of them need not answer. */
function uniqueIds({ denyForMs, filter }: TerminateOrder): readonly string[] | null {
  // A ban must reach every pod, also one that holds none of the streams.
  const ids = denyForMs > 0 ? null : idsOf(filter);
  // An id that a page has chosen may be in use as well on a pod that could not be asked.
  return ids?.every(isServerMade) ? ids : null;
}

/**
 * With `denyFor`, every pod is told who is denied before any stream ends: an ended client starts again at once, and an
 * ingress may send it to another pod.
 */
async function carryOut({ fleet }: TerminateDeps, order: TerminateOrder): Promise<Replies> {
  const { denyForMs, dryRun, filter, scope } = order;
  const ask = scope === 'pod' ? fleet.here.bind(fleet) : fleet.all.bind(fleet);
  const isDenied = denyForMs > 0 && !dryRun;
  const foreseen = isDenied ? (await ask('denials', { filter, denyForMs })).flatMap(denialsOf) : [];
  const denials = latest(foreseen);
  const id = scope === 'fleet' ? { order: randomUUID() } : {};
  const replies = await ask('terminate', { filter, dryRun, denyForMs, denials, ...id });
  const told = new Set(denials.map(({ key }) => key));
  // Streams that started after the first question.
  const late = latest(replies.flatMap(denialsOf)).filter(({ key }) => !told.has(key));
  if (late.length === 0) return replies;
  const last = await ask('deny', { denials: late });
  return replies.map((reply) => ({ ...reply, error: reply.error ?? faultOf(last, reply.uid) }));
}

const denialsOf = ({ answer }: Asked<{ denials: Denial[] }>): Denial[] => answer?.denials ?? [];

/** A pod holds no more (streams/deny). */
const MOST_DENIALS = 10_000;

/** One denial for each client and stream: the one that lasts longest. */
function latest(denials: readonly Denial[]): Denial[] {
  const byEnd = [...denials].sort((one, other) => one.until - other.until);
  return [...new Map(byEnd.map((each) => [each.key, each])).values()].slice(-MOST_DENIALS);
}

const faultOf = (told: readonly Asked<unknown>[], of: string): string | null =>
  told.find(({ uid }) => uid === of)?.error ?? null;

/** What is logged of an order beside its answer. */
type Ordered = {
  readonly caller: string;
  readonly scope: string;
  readonly filter: StreamFilter;
  readonly cause: 'rest' | 'disconnect';
  readonly dryRun?: boolean;
  readonly denyForMs?: number;
  readonly denied?: number;
};

/** Counts an order that was carried out, and writes its audit log line. */
export function recordOrder(
  { log, metrics }: TerminateDeps,
  { scope, ...ordered }: Ordered,
  answer: FleetAnswer,
): void {
  const { matched, pods, status, terminated } = answer;
  const { mediaSessionIds, ...rest } = ordered.filter;
  const filter = mediaSessionIds ? { ...rest, mediaSessionIds: mediaSessionIds.length } : rest;
  const failed = pods.filter(({ error }) => error !== undefined).map(({ error, pod }) => ({ pod, error }));
  metrics.terminateRequest(scope, String(status));
  log.info(
    { ...ordered, filter, status, matched, terminated, ...(failed.length > 0 ? { failed } : {}) },
    'terminate requested',
  );
}
