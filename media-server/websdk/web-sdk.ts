import type { IncomingMessage } from 'node:http';
import type { Closing } from './closings.ts';
import { Connection, type ConnectionDeps, type ConnectionMetrics, type UpgradedClient } from './connection.ts';
import { OpenSockets } from './open-sockets.ts';
import { type PingOptions, Pings } from './pings.ts';
import { RefusedOrigins } from './refused-origins.ts';
import { SilentSockets } from './silent-sockets.ts';
import { type UpgradeDeps, type UpgradeRefusal, Upgrades } from './upgrades.ts';

export type WebSdkMetrics = Omit<ConnectionMetrics, 'webSdkClosed'> & {
  /** A socket that the media server did not open, or that it closed. */
  webSdkClosed(reason: Closing | UpgradeRefusal): void;
};

export type WebSdkDeps = Omit<ConnectionDeps, 'limits' | 'metrics' | 'pings' | 'silent'> & {
  /** Limits of a socket and of the pod, 0 = none; a reload applies to sockets and streams that come later. */
  readonly limits: () => { readonly connections: number; readonly streamsPerConnection: number };
  readonly pings: PingOptions['settings'];
  readonly origins: UpgradeDeps['origins'];
  readonly draining: () => boolean;
  readonly clientOf: (request: IncomingMessage) => UpgradedClient;
  readonly metrics: WebSdkMetrics;
};

/** The sockets of the vendor's Web SDK: their upgrades, and the register of the open ones. */
export type WebSdk = { readonly upgrades: Upgrades; readonly sockets: OpenSockets };

/** Wires the parts of this room. Opens no port: `upgrades` takes requests from HTTP servers. */
export function createWebSdk(deps: WebSdkDeps): WebSdk {
  const { clientOf, clock, draining, limits, metrics, origins, pings: settings } = deps;
  const sockets = new OpenSockets(clock);
  const silent = new SilentSockets(() => limits().connections);
  const refusedOrigins = new RefusedOrigins(deps);
  const pings = new Pings({ clock, settings });
  const connectionDeps: ConnectionDeps = { ...deps, pings, silent };
  const upgrades = new Upgrades({
    origins,
    draining,
    sockets: () => sockets.size,
    mostSockets: () => limits().connections,
    isCrowded: (request) => silent.isFull(clientOf(request).address),
    accept: (socket, request) => sockets.add(new Connection(socket, clientOf(request), connectionDeps)),
    refused: (reason, { headers }) => {
      metrics.webSdkClosed(reason);
      if (reason === 'origin') refusedOrigins.add(headers.origin ?? '');
    },
  });
  return { upgrades, sockets };
}
