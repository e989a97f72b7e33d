import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent, PORT_NAMES, selectorOf } from './common.ts';

/** For the Prometheus operator. null = disabled. */
export function buildPodMonitor(parent: Parent): KubeObject | null {
  if (!parent.spec.podMonitor) return null;
  return child(TYPES.PodMonitor, parent, parent.name, {
    spec: {
      selector: { matchLabels: selectorOf(parent) },
      podMetricsEndpoints: [{ port: PORT_NAMES.ops, path: '/metrics' }],
    },
  });
}
