import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, mediaPorts, type Parent, PORT_NAMES, selectorOf } from './common.ts';

/** The labels that the chart sets on the operator's pods. */
const OPERATOR = { 'app.kubernetes.io/name': 'sluice-operator' };

/** Only this fleet's pods and the operator reach the internal port; ports for users are open. null = disabled. */
export function buildNetworkPolicy(parent: Parent): KubeObject | null {
  const { networkPolicy, rest } = parent.spec;
  if (!networkPolicy) return null;
  const open = [
    tcp(rest.http.port),
    ...(rest.https ? [tcp(rest.https.port)] : []),
    tcp(PORT_NAMES.ops),
    ...mediaPorts(parent.spec).flatMap((port) => [tcp(port), { port, protocol: 'UDP' }]),
  ];
  const friends = [
    { podSelector: { matchLabels: selectorOf(parent) } },
    { podSelector: { matchLabels: OPERATOR }, namespaceSelector: {} },
  ];
  return child(TYPES.NetworkPolicy, parent, parent.name, {
    spec: {
      podSelector: { matchLabels: selectorOf(parent) },
      policyTypes: ['Ingress'],
      ingress: [{ ports: open }, { ports: [tcp(PORT_NAMES.internal)], from: friends }],
    },
  });
}

const tcp = (port: number | string) => ({ port, protocol: 'TCP' });
