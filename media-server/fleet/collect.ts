import type { Asking } from './ask.ts';
import type { Question } from './messages.ts';

/** The calls that collect objects of all pods. */
type Collecting = 'find' | 'connections' | 'ended';

/** Objects of the fleet. */
export type Collected = {
  readonly objects: readonly Readonly<Record<string, unknown>>[];
  /** Names of the pods that could not be asked. */
  readonly missing: readonly string[];
};

/** Collects objects of this pod, or of all pods. */
export async function collect<Op extends Collecting>(
  fleet: Pick<Asking, 'all' | 'here'>,
  scope: 'fleet' | 'pod',
  op: Op,
  question: Question<Op>,
): Promise<Collected> {
  const replies = await (scope === 'pod' ? fleet.here(op, question) : fleet.all(op, question));
  return {
    objects: replies.flatMap(({ answer }) => answer?.found ?? []),
    missing: replies.flatMap(({ error, pod }) => (error === null ? [] : [pod])),
  };
}
