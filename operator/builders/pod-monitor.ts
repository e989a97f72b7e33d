import { type KubeObject, TYPES } from '../kube/objects.ts';
import { captureSelectorOf, child, type Parent, PORT_NAMES, selectorOf } from './common.ts';

/** For the Prometheus operator. null = disabled. */
export function buildPodMonitor(parent: Parent): KubeObject | null {
  if (!parent.spec.podMonitor) return null;
  return child(TYPES.PodMonitor, parent, parent.name, {
    spec: {
      selector: selectorFor(parent),
      podMetricsEndpoints: [{ port: PORT_NAMES.ops, path: '/metrics' }],
    },
  });
}

/** Capture pods have the same port. */
function selectorFor(parent: Parent): object {
  if (!parent.spec.capture) return { matchLabels: selectorOf(parent) };
  const values = (label: string): string[] =>
    [selectorOf(parent), captureSelectorOf(parent)].map((labels) => labels[label] ?? '');
  const { [NAME]: _name, ...matchLabels } = selectorOf(parent);
  return { matchLabels, matchExpressions: [{ key: NAME, operator: 'In', values: values(NAME) }] };
}

const NAME = 'app.kubernetes.io/name';
