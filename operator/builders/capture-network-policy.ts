import { isIPv6 } from 'node:net';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { captureName, captureSelectorOf, child, mediaPorts, type Parent, PORT_NAMES, selectorOf } from './common.ts';
import { OPERATOR_PODS } from './network-policy.ts';

/**
 * Capture pods reach DNS, the media pods, and what `spec.capture.allow` says, as it is. `hosts` are the addresses of
 * media pods on the network of their node, which no selector of pods finds. null = disabled.
 */
export function buildCaptureNetworkPolicy(parent: Parent, hosts: readonly string[]): KubeObject | null {
  const { capture, internal, networkPolicy } = parent.spec;
  if (!capture || !networkPolicy) return null;
  const allowed = capture.allow.map((ipBlock) => ({ ipBlock }));
  const fleet = { podSelector: { matchLabels: selectorOf(parent) } };
  const nodes = [...hosts].sort().map((address) => ({ ipBlock: { cidr: `${address}/${isIPv6(address) ? 128 : 32}` } }));
  const media = mediaPorts(parent.spec).flatMap((port) => [tcp(port), udp(port)]);
  return child(TYPES.NetworkPolicy, parent, captureName(parent), {
    spec: {
      podSelector: { matchLabels: captureSelectorOf(parent) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { ports: [tcp(PORT_NAMES.ops)] },
        { ports: [tcp(PORT_NAMES.internal)], from: [OPERATOR_PODS] },
        // Media of RTSP over UDP, to a port that the source is told.
        { ports: [{ protocol: 'UDP' }], from: allowed },
      ],
      egress: [
        { ports: [udp(53), tcp(53)] },
        { ports: [tcp(internal.port), ...media], to: [fleet, ...nodes] },
        { to: allowed },
      ],
    },
  });
}

const tcp = (port: number | string) => ({ port, protocol: 'TCP' });
const udp = (port: number) => ({ port, protocol: 'UDP' });
