import { parseDurationMs } from '../schema/duration.ts';
import type { MediaServerSpec } from '../schema/media-server.ts';
import type { WebSdkConfig } from '../schema/server-config.ts';
import type { Assets } from './assets.ts';

export const REST_CERTIFICATE = 'spec.rest.https.certificateRef';
const OWN_CERTIFICATE = 'spec.webSdk.https.certificateRef';

/** The sockets of the Web SDK; null without `spec.webSdk`. Throws `RenderError` if the certificate is unusable. */
export function renderWebSdk(spec: MediaServerSpec, assets: Assets): WebSdkConfig | null {
  const { limits, webSdk } = spec;
  if (!webSdk) return null;
  const certificate = certificateOf(spec, assets);
  return {
    httpPort: webSdk.http.port,
    ...(webSdk.https && certificate ? { https: { port: webSdk.https.port, ...certificate } } : {}),
    pingIntervalMs: parseDurationMs(webSdk.pingInterval) ?? 0,
    missedPings: webSdk.missedPings,
    limits: { connections: limits.connections, streamsPerConnection: limits.streamsPerConnection },
  };
}

/** The Secret of the https listener of the Web SDK: its own, or that of the REST API. */
export function webSdkSecret({ rest, webSdk }: MediaServerSpec): string | undefined {
  return webSdk?.https && (webSdk.https.certificateRef ?? rest.https?.certificateRef)?.name;
}

function certificateOf(spec: MediaServerSpec, assets: Assets) {
  const secret = webSdkSecret(spec);
  const field = spec.webSdk?.https?.certificateRef ? OWN_CERTIFICATE : REST_CERTIFICATE;
  return secret === undefined ? null : assets.certificate(secret, field);
}
