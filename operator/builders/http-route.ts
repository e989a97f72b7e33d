import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent } from './common.ts';
import { publicPaths } from './routes.ts';

/** Gateway API instead of an Ingress; null without `spec.httpRoute`. */
export function buildHttpRoute(parent: Parent): KubeObject | null {
  const { httpRoute, rest } = parent.spec;
  if (!httpRoute) return null;
  const matches = publicPaths(parent.spec).map(({ path, type }) => ({
    path: { type: type === 'Exact' ? 'Exact' : 'PathPrefix', value: path },
  }));
  return child(TYPES.HTTPRoute, parent, parent.name, {
    spec: {
      parentRefs: httpRoute.parentRefs,
      ...(httpRoute.hostnames ? { hostnames: httpRoute.hostnames } : {}),
      rules: [{ matches, backendRefs: [{ name: parent.name, port: rest.http.port }] }],
    },
  });
}
