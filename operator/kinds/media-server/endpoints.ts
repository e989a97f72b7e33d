import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';

type Endpoints = { readonly http: string; readonly https: string | null };

/** Where clients reach a MediaServer: through the ingress or the route where there is one, else in the cluster. Pure. */
export function endpointsOf(spec: MediaServerSpec, name: string, namespace: string): Endpoints {
  const { httpRoute, ingress, rest } = spec;
  if (ingress?.host) {
    return { http: `http://${ingress.host}`, https: ingress.certificateRef ? `https://${ingress.host}` : null };
  }
  const [hostname] = httpRoute?.hostnames ?? [];
  // Whether its Gateway has TLS is not ours to know.
  if (hostname) return { http: `http://${hostname}`, https: null };
  const host = `${name}.${namespace}.svc`;
  return { http: `http://${host}:${rest.http.port}`, https: rest.https ? `https://${host}:${rest.https.port}` : null };
}
