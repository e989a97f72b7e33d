import { type KubeObject, TYPES } from '../kube/objects.ts';
import { captureSelectorOf, child, clientPorts, mediaPorts, type Parent, PORT_NAMES, selectorOf } from './common.ts';

/** The labels that the chart sets on the operator's pods. */
const OPERATOR = { 'app.kubernetes.io/name': 'sluice-operator' };
export const OPERATOR_PODS = { podSelector: { matchLabels: OPERATOR }, namespaceSelector: {} } as const;

/**
 * Only this fleet's pods, its capture pods and the operator reach the internal port, and only this fleet's pods the ports of pipes. Ports
 * for users are open. null = disabled.
 */
export function buildNetworkPolicy(parent: Parent): KubeObject | null {
  const { capture, media, networkPolicy } = parent.spec;
  if (!networkPolicy) return null;
  const open = [
    ...clientPorts(parent.spec).map(({ port }) => tcp(port)),
    tcp(PORT_NAMES.ops),
    ...mediaPorts(parent.spec).flatMap((port) => [tcp(port), { port, protocol: 'UDP' }]),
  ];
  const fleet = { podSelector: { matchLabels: selectorOf(parent) } };
  const captures = capture ? [{ podSelector: { matchLabels: captureSelectorOf(parent) } }] : [];
  return child(TYPES.NetworkPolicy, parent, parent.name, {
    spec: {
      podSelector: { matchLabels: selectorOf(parent) },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: open },
        { ports: [tcp(PORT_NAMES.internal)], from: [fleet, OPERATOR_PODS, ...captures] },
        { ports: [{ ...media.pipePorts, protocol: 'UDP' }], from: [fleet] },
      ],
    },
  });
}

const tcp = (port: number | string) => ({ port, protocol: 'TCP' });
