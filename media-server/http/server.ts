import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { UserFault } from '../user-fault.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

export type ListenOptions = {
  readonly host: string;
  readonly httpPort: number;
  readonly https: { readonly port: number; readonly certificate: Certificate } | null;
};

/** A slow client may not hold a connection open before its request is complete. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The http and the https listener of one application. */
export class Listeners {
  readonly #http: Server;
  readonly #https: TlsServer | null;

  private constructor(http: Server, https: TlsServer | null) {
    this.#http = http;
    this.#https = https;
  }

  /** Throws with the port that is taken. */
  static async open(app: FastifyInstance, { host, httpPort, https }: ListenOptions): Promise<Listeners> {
    await app.ready();
    const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
    const plain = createServer(timeouts, app.routing);
    const tls = https && createTlsServer({ ...timeouts, ...https.certificate }, app.routing);
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
    return (this.#http.address() as AddressInfo).port;
  }

  /** New connections use it; those that are open keep the old one. Throws when key and certificate do not fit. */
  setCertificate(certificate: Certificate): void {
    this.#https?.setSecureContext(certificate);
  }

  /** Stops accepting and cuts what is open, event streams included. */
  async close(): Promise<void> {
    await Promise.all([close(this.#http), ...(this.#https ? [close(this.#https)] : [])]);
  }
}

/** Throws a `UserFault` that names the port and the setting it comes from. */
export function listen(server: Server, host: string, port: number, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = 'code' in error && error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
      reject(new UserFault(`${setting}: cannot listen on ${host}:${port}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
