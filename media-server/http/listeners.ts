import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { listen } from '../../process/listen.ts';
import type { Certificate } from './certificate.ts';

/** How long a client may take, milliseconds. */
type Timeouts = { readonly headersMs: number; readonly requestMs: number; readonly checkEveryMs: number };

export type ListenOptions = {
  readonly host: string;
  readonly httpPort: number;
  readonly https: { readonly port: number; readonly certificate: Certificate } | null;
  readonly timeouts?: Timeouts;
};

/** A slow client may not hold a connection open before its request is complete; answers may take their time. */
const TIMEOUTS: Timeouts = { headersMs: 15_000, requestMs: 30_000, checkEveryMs: 5_000 };

/**
 * An idle connection is the ingress controller's to close (Traefik does so after 90 s, nginx after 60): if it were closed here
 * just when a request is sent on it, the client would get a 502.
 */
const IDLE_MS = 120_000;

/** The http and the https listener of one application. */
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

  /** Null without https. */
  get httpsPort(): number | null {
    return this.#https && portOf(this.#https);
  }

  /** New connections use it; open ones keep the old one. Throws if the certificate and key do not match. */
  setCertificate(certificate: Certificate): void {
    this.#https?.setSecureContext(certificate);
  }

  /** Stops accepting and closes open connections, event streams included. */
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
