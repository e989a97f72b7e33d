import type { Clock } from '../../process/clock.ts';
import type { KubeObject } from './objects.ts';

/** A condition without the time at which it became so. */
export type Verdict = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word in CamelCase. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
};

export type Condition = Verdict & { readonly lastTransitionTime: string; readonly observedGeneration?: number };

const verdict =
  (status: Verdict['status']) =>
  (type: string, reason: string, message: string): Verdict => ({ type, status, reason, message });

export const yes = verdict('True');
export const no = verdict('False');
export const unknown = verdict('Unknown');

/** Those that an object has now. */
export const conditionsOf = (object: KubeObject): Condition[] | undefined =>
  (object['status'] as { conditions?: Condition[] } | undefined)?.conditions;

const MOST = 1_000;

/**
 * The conditions to be written: the time changes only with the status (as `metav1.Condition` wants it). What nobody judges
 * now stays, with the generation that it was judged at.
 */
export function mergeConditions(
  before: readonly Condition[] | undefined,
  verdicts: readonly Verdict[],
  generation: number | undefined,
  clock: Pick<Clock, 'now'>,
): Condition[] {
  const judged = verdicts.map((each) => {
    const known = before?.find(({ type }) => type === each.type);
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    return {
      ...each,
      message: each.message.slice(0, MOST),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: known?.status === each.status ? known.lastTransitionTime : now,
    };
  });
  const types = new Set(verdicts.map(({ type }) => type));
  return [...judged, ...(before ?? []).filter(({ type }) => !types.has(type))];
}
