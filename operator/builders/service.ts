import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, clientPorts, type Parent, selectorOf } from './common.ts';

/** Dual-stack if the cluster supports it. */
const DUAL_STACK = { ipFamilyPolicy: 'PreferDualStack' };

/** Serves REST, WHIP, WHEP and the sockets of the Web SDK from ready pods. Media goes straight to a pod. */
export function buildService(parent: Parent): KubeObject {
  const { service } = parent.spec;
  return child(TYPES.Service, parent, parent.name, {
    labels: service?.labels ?? {},
    annotations: service?.annotations ?? {},
    spec: {
      type: service?.type ?? 'ClusterIP',
      ...DUAL_STACK,
      selector: selectorOf(parent),
      ports: clientPorts(parent.spec).map(({ name, port }) => ({ name, port, targetPort: name, protocol: 'TCP' })),
    },
  });
}
