import type { RequestListener } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { CurrentConfig } from './config/current-config.ts';
import { type Certificate, restCertificate, webSdkCertificate } from './http/certificate.ts';
import { type Application, Listeners, type ListenOptions } from './http/listeners.ts';
import { isUpgrade, isWebSdkUpgrade } from './websdk/upgrades.ts';
import type { WebSdk } from './websdk/web-sdk.ts';

type Options = {
  readonly host: string;
  readonly config: CurrentConfig;
  /** null = off: no port, and no path on the ports of `rest`. */
  readonly webSdk: WebSdk | null;
  readonly undo: Pick<AsyncDisposableStack, 'defer'>;
};

/** Opens the ports for clients. Throws if one is already in use; the message names it. */
export async function openListeners(app: FastifyInstance, { config, host, undo, webSdk }: Options): Promise<void> {
  const open = async (application: Application, options: Omit<ListenOptions, 'host'>) => {
    const listeners = await Listeners.open(application, { host, ...options });
    undo.defer(() => listeners.close());
    return listeners;
  };
  const take = webSdk?.upgrades.take.bind(webSdk.upgrades);
  const { bundle } = config;
  const { rest, webSdk: sdk } = bundle.config;
  const onRest = await open(app, {
    httpPort: rest.httpPort,
    https: tls(rest.https, restCertificate(bundle)),
    upgrading: take ? { accepts: isWebSdkUpgrade, take } : null,
  });
  config.join((next) => {
    const certificate = restCertificate(next);
    return () => certificate && onRest.setCertificate(certificate);
  });
  if (!take || !sdk) return;
  const onOwn = await open(SOCKETS_ONLY, {
    httpPort: sdk.httpPort,
    https: tls(sdk.https, webSdkCertificate(bundle)),
    part: 'spec.webSdk',
    upgrading: { accepts: isUpgrade, take },
  });
  config.join((next) => {
    const certificate = webSdkCertificate(next);
    return () => certificate && onOwn.setCertificate(certificate);
  });
}

function tls(https: { readonly port: number } | undefined, certificate: Certificate | null): ListenOptions['https'] {
  return https && certificate ? { port: https.port, certificate } : null;
}

/** Answers requests that are not upgrades (RFC 9110 §15.5.22 and §7.8). */
const upgradeRequired: RequestListener = (_request, response) => {
  response.writeHead(426, { connection: 'upgrade, close', upgrade: 'websocket' }).end();
};

const SOCKETS_ONLY: Application = { ready: async () => undefined, routing: upgradeRequired };
