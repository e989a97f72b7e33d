import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';

type Endpoints = { readonly http: string; readonly https: string | null };

/** The URLs of a MediaServer: of its Ingress or HTTPRoute if it has one, otherwise of its Service. Pure. */
export function endpointsOf(spec: MediaServerSpec, name: string, namespace: string): Endpoints {
  const { httpRoute, ingress, rest } = spec;
  if (ingress?.host) {
    return { http: `http://${ingress.host}`, https: ingress.certificateRef ? `https://${ingress.host}` : null };
  }
  const [hostname] = httpRoute?.hostnames ?? [];
  // The operator does not know whether the Gateway serves TLS.
  if (hostname) return { http: `http://${hostname}`, https: null };
  const host = `${name}.${namespace}.svc`;
  return { http: `http://${host}:${rest.http.port}`, https: rest.https ? `https://${host}:${rest.https.port}` : null };
}
