import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent, selectorOf } from './common.ts';

/** Allows the eviction of one pod at a time. null = disabled. */
export function buildPodDisruptionBudget(parent: Parent): KubeObject | null {
  if (!parent.spec.podDisruptionBudget) return null;
  const spec = { maxUnavailable: 1, selector: { matchLabels: selectorOf(parent) } };
  return child(TYPES.PodDisruptionBudget, parent, parent.name, { spec });
}
