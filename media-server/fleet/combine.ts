import type { Asked } from './ask.ts';
import type { Answer } from './messages.ts';

/** What a terminate has done in the whole fleet. */
export type FleetAnswer = {
  readonly status: 200 | 404 | 503;
  readonly matched: number;
  readonly terminated: number;
  /** Clients that are denied, if that was asked. */
  readonly denied?: number;
  readonly pods: readonly PodAnswer[];
};

/** What it has done on one pod, or why that pod could not be asked. */
export type PodAnswer = {
  readonly pod: string;
  readonly matched: number;
  readonly terminated: number;
  readonly error?: string;
};

/**
 * Combines the answers of all members: 200 if all answered and something matched, or if every id was found and ended,
 * given ids that are unique in the fleet; 404 if all answered and nothing matched; else 503. Pure.
 */
export function combine(replies: Replies, uniqueIds: readonly string[] | null): FleetAnswer {
  const answers = replies.flatMap(({ answer }) => answer ?? []);
  const found = new Set(answers.flatMap(({ matchedIds }) => matchedIds));
  return {
    status: statusOf(replies, found, uniqueIds),
    matched: answers.reduce((total, { matchedIds }) => total + matchedIds.length, 0),
    terminated: answers.reduce((total, { terminated }) => total + terminated, 0),
    pods: replies.map(podAnswer),
  };
}

type Replies = readonly Asked<Answer<'disconnect'>>[];

function podAnswer({ answer, error, pod }: Replies[number]): PodAnswer {
  const fault = answer?.error ?? error;
  return {
    pod,
    matched: answer?.matchedIds.length ?? 0,
    terminated: answer?.terminated ?? 0,
    ...(fault === null ? {} : { error: fault }),
  };
}

function statusOf(replies: Replies, found: ReadonlySet<string>, ids: readonly string[] | null): FleetAnswer['status'] {
  if (replies.some(({ answer }) => answer?.error !== undefined)) return 503;
  if (ids && ids.length > 0 && ids.every((id) => found.has(id))) return 200;
  if (replies.some(({ error }) => error !== null)) return 503;
  return found.size > 0 ? 200 : 404;
}
