import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, headlessName, type Parent, PORT_NAMES, selectorOf } from './common.ts';

const port = (name: string, number: number) => ({ name, port: number, targetPort: name, protocol: 'TCP' });

/** Both families where the cluster has both, else the one that it has. */
const DUAL_STACK = { ipFamilyPolicy: 'PreferDualStack' };

/** In front of the pods that are ready: REST, WHIP and WHEP. Media goes straight to a pod. */
export function buildService(parent: Parent): KubeObject {
  const { rest, service } = parent.spec;
  return child(TYPES.Service, parent, parent.name, {
    labels: service?.labels ?? {},
    annotations: service?.annotations ?? {},
    spec: {
      type: service?.type ?? 'ClusterIP',
      ...DUAL_STACK,
      selector: selectorOf(parent),
      ports: [port('http', rest.http.port), ...(rest.https ? [port('https', rest.https.port)] : [])],
    },
  });
}

/** The addresses of all pods, ready or not: how the members of a fleet find each other. */
export function buildHeadlessService(parent: Parent): KubeObject {
  return child(TYPES.Service, parent, headlessName(parent), {
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      ...DUAL_STACK,
      publishNotReadyAddresses: true,
      selector: selectorOf(parent),
      ports: [port(PORT_NAMES.internal, parent.spec.internal.port)],
    },
  });
}
