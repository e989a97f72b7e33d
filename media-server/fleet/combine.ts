import { isServerMade } from '../streams/stream-id.ts';
import type { Asked } from './ask.ts';
import type { Answer } from './messages.ts';

/** What a terminate has done in the whole fleet. */
export type FleetAnswer = {
  readonly status: 200 | 404 | 503;
  readonly matched: number;
  readonly terminated: number;
  readonly denied: number;
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
 * Combines the answers of all members: 200 if all answered and something matched, or if every given id was found and
 * ended, and names no other stream; 404 if all answered and nothing matched; else 503. Pure.
 */
export function combine(replies: readonly Asked<Answer<'terminate'>>[], ids: readonly string[] | null): FleetAnswer {
  const answers = replies.flatMap(({ answer }) => answer ?? []);
  const found = new Set(answers.flatMap(({ matchedIds }) => matchedIds));
  const sum = (read: (answer: Answer<'terminate'>) => number): number =>
    answers.reduce((total, answer) => total + read(answer), 0);
  return {
    status: statusOf(replies, found, ids),
    matched: sum(({ matchedIds }) => matchedIds.length),
    terminated: sum(({ terminated }) => terminated),
    denied: sum(({ denied }) => denied),
    pods: replies.map(podAnswer),
  };
}

function podAnswer({ answer, error, pod }: Asked<Answer<'terminate'>>): PodAnswer {
  const fault = answer?.error ?? error;
  return {
    pod,
    matched: answer?.matchedIds.length ?? 0,
    terminated: answer?.terminated ?? 0,
    ...(fault === null ? {} : { error: fault }),
  };
}

function statusOf(
  replies: readonly Asked<Answer<'terminate'>>[],
  found: ReadonlySet<string>,
  ids: readonly string[] | null,
): FleetAnswer['status'] {
  if (replies.some(({ answer }) => answer?.error !== undefined)) return 503;
  // A stream with an id that a page has chosen may have a double on a pod that could not be asked.
  if (ids && ids.length > 0 && ids.every((id) => found.has(id) && isServerMade(id))) return 200;
  if (replies.some(({ error }) => error !== null)) return 503;
  return found.size > 0 ? 200 : 404;
}
