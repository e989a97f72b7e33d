import type { Clock } from '../../process/clock.ts';
import { type KubeObject, rfc3339 } from './objects.ts';

/** A condition without its transition time. */
export type Verdict = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word in CamelCase. */
  readonly reason: string;
  /** Human-readable. */
  readonly message: string;
};

export type Condition = Verdict & { readonly lastTransitionTime: string; readonly observedGeneration?: number };

const verdict =
  (status: Verdict['status']) =>
  (type: string, reason: string, message: string): Verdict => ({ type, status, reason, message });

export const yes = verdict('True');
export const no = verdict('False');
export const unknown = verdict('Unknown');

const MOST_NAMED = 5;

/** The first names of a list, and how many more there are. */
export function namesOf(names: readonly string[]): string {
  const others = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${others}`;
}

/** The current conditions of an object. */
export const conditionsOf = (object: KubeObject): Condition[] | undefined =>
  (object['status'] as { conditions?: Condition[] } | undefined)?.conditions;

const MOST = 1_000;

/**
 * The conditions to write. The transition time changes only with the status, as in `metav1.Condition`. Conditions
 * without a new verdict are kept, with the generation they were observed at.
 */
export function mergeConditions(
  before: readonly Condition[] | undefined,
  verdicts: readonly Verdict[],
  generation: number | undefined,
  clock: Pick<Clock, 'now'>,
): Condition[] {
  const judged = verdicts.map((each) => {
    const known = before?.find(({ type }) => type === each.type);
    const now = rfc3339(clock.now());
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
