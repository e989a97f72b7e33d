import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent, selectorOf } from './common.ts';

const port = (name: string, number: number) => ({ name, port: number, targetPort: name, protocol: 'TCP' });

/** Dual-stack if the cluster supports it. */
const DUAL_STACK = { ipFamilyPolicy: 'PreferDualStack' };

/** Serves REST, WHIP and WHEP from ready pods. Media goes straight to a pod. */
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
