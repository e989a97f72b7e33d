import { conditionsOf } from '../kube/conditions.ts';
import type { KubeObject } from '../kube/objects.ts';

/** For each reason of the condition Capturing, the number of StreamCaptures that have it. Pure. */
export function countReasons(captures: Iterable<KubeObject>): Record<string, number> {
  const counts: Record<string, number> = { Connected: 0 };
  for (const capture of captures) {
    const reason = conditionsOf(capture)?.find(({ type }) => type === 'Capturing')?.reason;
    // The operator has not reconciled it yet.
    if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
