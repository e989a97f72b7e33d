import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { listen } from '../../process/listen.ts';
import type { Certificate } from './certificate.ts';

/** How long a client may take to send a request, milliseconds. */
type Timeouts = { readonly headersMs: number; readonly requestMs: number; readonly checkEveryMs: number };

export type ListenOptions = {
  readonly host: string;
  readonly httpPort: number;
  readonly https: { readonly port: number; readonly certificate: Certificate } | null;
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
  static async open(app: FastifyInstance, options: ListenOptions): Promise<Listeners> {
    const { host, httpPort, https, timeouts = TIMEOUTS } = options;
    await app.ready();
    const settings = {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
      handshakeTimeout: timeouts.headersMs,
      keepAliveTimeout: IDLE_MS,
    };
    const plain = createServer(settings, app.routing);
    const tls = https && createTlsServer({ ...settings, ...https.certificate }, app.routing);
    const listeners = new Listeners(plain, tls);
    try {
      await listen(plain, host, httpPort, 'spec.rest.http.port');
      if (tls) await listen(tls, host, https.port, 'spec.rest.https.port');
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
