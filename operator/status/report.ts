import { type Condition, conditionsOf, mergeConditions, type Verdict } from '../kube/conditions.ts';
import { type KubeObject, typeOf } from '../kube/objects.ts';
import { AFTER_WRITE_MS, writeStatus } from '../kube/write-status.ts';
import type { Result } from '../runtime/controller.ts';
import type { World } from '../world/world.ts';
import { POLARITY, type Polarity } from './polarity.ts';

/**
 * The only writer of conditions and of their Events. Writes the status of an object if it differs, and an Event for
 * each verdict that is news to the user. `fields` are the status fields beside the conditions.
 */
export async function report(
  { client, clock, events }: Pick<World, 'client' | 'clock' | 'events'>,
  object: KubeObject,
  verdicts: readonly Verdict[],
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Result> {
  const { generation } = object.metadata;
  const before = conditionsOf(object);
  const conditions = mergeConditions(before, verdicts, generation, clock);
  const status = { observedGeneration: generation, ...fields, conditions };
  const isWritten = await writeStatus(client, typeOf(object), object, status);
  for (const verdict of verdicts) {
    const known = before?.find(({ type }) => type === verdict.type);
    const type = eventTypeOf(known, verdict);
    if (type === null) continue;
    const since = JSON.stringify([verdict.type, known?.reason, known?.message, known?.lastTransitionTime]);
    await events.say(object, { type, reason: verdict.reason, action: 'Reconcile', note: verdict.message }, since);
  }
  return isWritten ? { requeueAfterMs: AFTER_WRITE_MS } : {};
}

/** The type of the Event for a verdict; null if the verdict is not new or is expected. Pure. */
export function eventTypeOf(known: Condition | undefined, verdict: Verdict): 'Normal' | 'Warning' | null {
  const { reason, status, type } = verdict;
  const polarity = POLARITY[type];
  if (!polarity) throw new Error(`${type}: no polarity defined for this condition`);
  if (polarity.bad === null || (known?.status === status && known.reason === reason)) return null;
  if (status === 'Unknown') return null;
  if (status !== polarity.bad) return recovery(polarity, known);
  return isExpected(polarity, known, reason) ? null : polarity.asked?.includes(reason) ? 'Normal' : 'Warning';
}

const recovery = ({ bad }: Polarity, known: Condition | undefined): 'Normal' | null =>
  known?.status === bad ? 'Normal' : null;

function isExpected({ atFirst, passing }: Polarity, known: Condition | undefined, reason: string): boolean {
  if (passing?.includes(reason)) return true;
  const isFirst = known === undefined || known.reason === 'ScaledToZero';
  return isFirst && (atFirst?.includes(reason) ?? false);
}
