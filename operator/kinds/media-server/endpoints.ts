import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { WEB_SDK_PATH } from '../../../crds/schema/web-sdk.ts';

/** null = there is no such URL. */
type Endpoints = {
  readonly http: string;
  readonly https: string | null;
  readonly ws: string | null;
  readonly wss: string | null;
};

/** The URLs of a MediaServer: of its Ingress or HTTPRoute if it has one, otherwise of its Service. Pure. */
export function endpointsOf(spec: MediaServerSpec, name: string, namespace: string): Endpoints {
  const { httpRoute, ingress } = spec;
  if (ingress?.host) return routed(spec, ingress.host, Boolean(ingress.certificateRef));
  const [hostname] = httpRoute?.hostnames ?? [];
  // The operator does not know whether the Gateway serves TLS.
  if (hostname) return routed(spec, hostname, false);
  return ofService(spec, `${name}.${namespace}.svc`);
}

/** The Web SDK is at a path of the same host. */
function routed({ webSdk }: MediaServerSpec, host: string, hasTls: boolean): Endpoints {
  return {
    http: `http://${host}`,
    https: hasTls ? `https://${host}` : null,
    ws: webSdk ? `ws://${host}${WEB_SDK_PATH}` : null,
    wss: webSdk && hasTls ? `wss://${host}${WEB_SDK_PATH}` : null,
  };
}

/** The Web SDK has ports of its own. */
function ofService({ rest, webSdk }: MediaServerSpec, host: string): Endpoints {
  return {
    http: `http://${host}:${rest.http.port}`,
    https: rest.https ? `https://${host}:${rest.https.port}` : null,
    ws: webSdk ? `ws://${host}:${webSdk.http.port}` : null,
    wss: webSdk?.https ? `wss://${host}:${webSdk.https.port}` : null,
  };
}
