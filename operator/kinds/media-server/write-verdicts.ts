import { type KubeObject, TYPES } from '../../kube/objects.ts';
import { writeStatus } from '../../kube/write-status.ts';
import { type Condition, conditionsOf, mergeConditions, type Verdict } from '../../status/conditions.ts';
import { firstCounts } from '../../status/first-counts.ts';
import type { World } from '../../world/world.ts';

/** Writes the status of a MediaServer, when it differs, and an Event for each decision that is new. */
export async function writeVerdicts(
  world: World,
  object: KubeObject,
  verdicts: readonly Verdict[],
  numbers: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { generation } = object.metadata;
  const before = conditionsOf(object);
  const conditions = mergeConditions(before, verdicts, generation, world.clock);
  await writeStatus(world.client, TYPES.MediaServer, object, {
    observedGeneration: generation,
    ...firstCounts(object),
    ...numbers,
    conditions,
  });
  for (const verdict of verdicts) {
    const { message: note, reason } = verdict;
    const known = before?.find(({ type }) => type === verdict.type);
    const type = eventTypeOf(known, verdict);
    if (type) await world.events.say(object, { type, reason, action: 'Reconcile', note });
  }
}

/** The Event that tells a person of a verdict when it is new; null when it is none, or is what everyone expects. Pure. */
export function eventTypeOf(known: Condition | undefined, verdict: Verdict): 'Normal' | 'Warning' | null {
  const { reason, status } = verdict;
  const isOld = known?.status === status && known.reason === reason;
  if (isOld || isExpected(known, verdict)) return null;
  if (isBad(verdict)) return reason === 'ScaledToZero' ? 'Normal' : 'Warning';
  return known ? 'Normal' : null;
}

/** What comes and goes by itself, and that nothing is available at first. */
function isExpected(known: Condition | undefined, { reason, type }: Verdict): boolean {
  if (type === 'Progressing' || reason === 'Pending') return true;
  if (!known) return reason === 'NoReadyPods' || reason === 'ScaledToZero';
  return known.reason === 'ScaledToZero' && reason === 'NoReadyPods';
}

const isBad = ({ status, type }: Verdict): boolean => status === (type === 'Degraded' ? 'True' : 'False');
