import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent } from './common.ts';
import { publicPaths } from './routes.ts';

/** null without `spec.ingress`. */
export function buildIngress(parent: Parent): KubeObject | null {
  const { ingress } = parent.spec;
  if (!ingress) return null;
  const { annotations, certificateRef, className, host } = ingress;
  const service = { name: parent.name, port: { name: 'http' } };
  const paths = publicPaths(parent.spec).map(({ path, type }) => ({ path, pathType: type, backend: { service } }));
  const tls = certificateRef ? [{ ...(host ? { hosts: [host] } : {}), secretName: certificateRef.name }] : null;
  return child(TYPES.Ingress, parent, parent.name, {
    annotations: annotations ?? {},
    spec: {
      ...(className ? { ingressClassName: className } : {}),
      rules: [{ ...(host ? { host } : {}), http: { paths } }],
      ...(tls ? { tls } : {}),
    },
  });
}
