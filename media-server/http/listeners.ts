import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { listen } from '../../process/listen.ts';
import type { Certificate } from './certificate.ts';

/** How long a client may take to send a request, milliseconds. */
type Timeouts = { readonly headersMs: number; readonly requestMs: number; readonly checkEveryMs: number };

/** What listens: a Fastify instance, or less. */
export type Application = { readonly ready: () => PromiseLike<unknown>; readonly routing: RequestListener };

/** Requests that become something other than HTTP. Those that it does not accept are ordinary requests. */
export type Upgrading = {
  accepts(request: IncomingMessage): boolean;
  /** Owns the connection from now on, also when the listeners are closed. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

export type ListenOptions = {
  readonly host: string;
  readonly httpPort: number;
  readonly https: { readonly port: number; readonly certificate: Certificate } | null;
  /** The part of the MediaServer that sets the ports; default `spec.rest`. */
  readonly part?: string;
  readonly upgrading?: Upgrading | null;
  readonly timeouts?: Timeouts;
};

/** A slow client must not hold a connection open before its request is complete. Responses have no time limit. */
const TIMEOUTS: Timeouts = { headersMs: 15_000, requestMs: 30_000, checkEveryMs: 5_000 };

/**
 * The ingress controller must close an idle connection first (Traefik does so after 90 s, nginx after 60 s). If the
 * media server closed it while a request is on its way, the client would get a 502.
 */
const IDLE_MS = 120_000;

/** The HTTP and HTTPS listeners of an application. */
export class Listeners {
  readonly #http: Server;
  readonly #https: TlsServer | null;

  private constructor(http: Server, https: TlsServer | null) {
    this.#http = http;
    this.#https = https;
  }

  /** Throws if a port is already in use; the message names it. */
  static async open(app: Application, options: ListenOptions): Promise<Listeners> {
    const { host, httpPort, https, part = 'spec.rest', timeouts = TIMEOUTS, upgrading = null } = options;
    await app.ready();
    const settings = {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
      handshakeTimeout: timeouts.headersMs,
      keepAliveTimeout: IDLE_MS,
      shouldUpgradeCallback: (request: IncomingMessage) => upgrading?.accepts(request) ?? false,
    };
    const plain = createServer(settings, app.routing);
    const tls = https && createTlsServer({ ...settings, ...https.certificate }, app.routing);
    const listeners = new Listeners(plain, tls);
    for (const server of [plain, tls]) server?.on('upgrade', (...upgrade) => upgrading?.take(...upgrade));
    try {
      await listen(plain, host, httpPort, `${part}.http.port`);
      if (tls) await listen(tls, host, https.port, `${part}.https.port`);
      return listeners;
    } catch (error) {
      await listeners.close();
      throw error;
    }
  }

  get httpPort(): number {
    return portOf(this.#http);
  }

  /** null if HTTPS is off. */
  get httpsPort(): number | null {
    return this.#https && portOf(this.#https);
  }

  /** Sets the certificate of new connections. Throws if the certificate and key do not match. */
  setCertificate(certificate: Certificate): void {
    this.#https?.setSecureContext(certificate);
  }

  /** Stops accepting connections and closes the open ones, event streams included. */
  async close(): Promise<void> {
    await Promise.all([close(this.#http), ...(this.#https ? [close(this.#https)] : [])]);
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
