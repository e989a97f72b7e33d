import { type Condition, conditionsOf, mergeConditions, type Verdict } from '../kube/conditions.ts';
import { type KubeObject, typeOf } from '../kube/objects.ts';
import { AFTER_WRITE_MS, writeStatus } from '../kube/write-status.ts';
import type { Result } from '../runtime/controller.ts';
import type { World } from '../world/world.ts';

/** What a condition tells a person. */
type Polarity = {
  /** The status that somebody has to do something about; null = no status is, and none makes an Event. */
  readonly bad: 'True' | 'False' | null;
  /** Bad, but asked for: the Event is a Normal one. */
  readonly asked?: readonly string[];
  /** Bad, but passes by itself: no Event. */
  readonly passing?: readonly string[];
  /** Bad, but expected of an object that is new or was scaled to zero: no Event then. */
  readonly atFirst?: readonly string[];
};

const POLARITY: Readonly<Record<string, Polarity>> = {
  Available: { bad: 'False', asked: ['ScaledToZero', 'Deleted'], atFirst: ['NoReadyPods', 'ScaledToZero'] },
  Progressing: { bad: null },
  ConfigApplied: { bad: 'False', passing: ['Pending'] },
  Degraded: { bad: 'True' },
  Accepted: { bad: 'False' },
  ResolvedRefs: { bad: 'False' },
  Programmed: { bad: null },
  KeepAliveActive: { bad: null },
  Reachable: { bad: 'False' },
  Saturated: { bad: 'True' },
};

/**
 * The one writer of conditions and of the Events that follow from them: writes the status of an object if it differs, and
 * an Event for each verdict that is news to a person. `fields` are those beside the conditions.
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

/** The Event that tells a person of a verdict; null if it is no news, or what everybody expects. Pure. */
export function eventTypeOf(known: Condition | undefined, verdict: Verdict): 'Normal' | 'Warning' | null {
  const { reason, status, type } = verdict;
  const polarity = POLARITY[type];
  if (!polarity) throw new Error(`${type}: a condition without a row in the table of polarities`);
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
