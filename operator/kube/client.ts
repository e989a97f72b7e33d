import type { RequestOptions } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Agent, type Dispatcher } from 'undici';
import { ApiError, NotLeaderError } from './api-error.ts';

/** How to reach the API server, from a kubeconfig or a pod's service account. */
export type Connection = {
  readonly server: string;
  readonly dispatcher: Dispatcher;
  /** A separate pool for watches. Each holds a connection open and would block other requests. */
  readonly watchDispatcher: Dispatcher;
  /** Read for each request, because tokens are renewed in place. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
};

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type CallOptions = {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
};

export type ClientDeps = {
  /** How long no other replica can lead, milliseconds; 0 = this replica must not write. It limits each write. */
  readonly writeForMs: () => number;
  readonly onRequest: (method: Method, code: string) => void;
};

/** The field manager of every write, whether it is an apply, a patch or an update. */
export const FIELD_MANAGER = 'sluice-operator';

/** The part of a client that callers without a watch need. */
export type Caller = Pick<KubeClient, 'call'>;

const TIMEOUT_MS = 15_000;
const CONNECTIONS = 64;
const MOST_ATTEMPTS = 5;
const MOST_WAIT_MS = 30_000;

/**
 * Calls the API server with plain JSON over pooled connections. The typed client of `@kubernetes/client-node` opens a
 * TLS connection per request and spends most of its time on models. Only its KubeConfig is used: it knows every login.
 */
export class KubeClient {
  readonly #connection: Connection;
  readonly #deps: ClientDeps;

  constructor(connection: Connection, deps: ClientDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  /**
   * Sends one request with a JSON response. Like client-go, it retries on 429 after the time that the server asks for.
   * Throws `ApiError`, or `NotLeaderError` if this replica must not write.
   */
  async call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#callOnce(method, path, options);
      } catch (error) {
        if (!isThrottled(error) || attempt === MOST_ATTEMPTS) throw error;
        await setTimeout(Math.min(error.retryAfterMs, MOST_WAIT_MS), undefined, signalOf(options)).catch(() => {
          throw error;
        });
      }
    }
  }

  async #callOnce<T>(method: Method, path: string, options: CallOptions): Promise<T> {
    const forMs = method === 'GET' ? TIMEOUT_MS : this.#deps.writeForMs();
    if (forMs <= 0) throw new NotLeaderError(`${method} ${path}: another replica leads`);
    const timeout = AbortSignal.timeout(Math.min(TIMEOUT_MS, Math.ceil(forMs)));
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const { dispatcher } = this.#connection;
    const query = { ...(manages(method) ? { fieldManager: FIELD_MANAGER } : {}), ...options.query };
    const response = await this.#request(dispatcher, method, path, { ...options, query, signal });
    const text = await response.body.text().catch((error: unknown) => {
      throw new ApiError(`${method} ${path}: the answer was cut off`, { status: 0, cause: error });
    });
    if (response.statusCode >= 300) throw refusal(method, path, response, text);
    return JSON.parse(text) as T;
  }

  /** Streams the body of a long response, such as a watch. Throws `ApiError`. */
  async stream(path: string, options: CallOptions & { readonly signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    const response = await this.#request(this.#connection.watchDispatcher, 'GET', path, options);
    if (response.statusCode >= 300) throw refusal('GET', path, response, await response.body.text());
    return response.body;
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.dispatcher.destroy(), this.#connection.watchDispatcher.destroy()]);
  }

  async #request(
    dispatcher: Dispatcher,
    method: Method,
    path: string,
    options: CallOptions,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(path, this.#connection.server);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: {
          ...(await this.#connection.headers()),
          accept: 'application/json',
          ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      this.#deps.onRequest(method, String(response.statusCode));
      return response;
    } catch (error) {
      this.#deps.onRequest(method, '<error>');
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError(`${method} ${path}: ${reason}`, { status: 0, cause: error });
    }
  }
}

const isThrottled = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.status === 429 && error.retryAfterMs > 0;

/** A DELETE writes no fields and has no field manager. */
const manages = (method: Method): boolean => method !== 'GET' && method !== 'DELETE';

const signalOf = ({ signal }: CallOptions) => (signal ? { signal } : {});

function refusal(
  method: Method,
  path: string,
  { headers, statusCode }: Dispatcher.ResponseData,
  text: string,
): ApiError {
  const status = parseStatus(text);
  const retryAfterMs = Number(headers['retry-after'] ?? 0) * 1000 || 0;
  const message = `${method} ${path}: ${statusCode} ${status.message ?? text.slice(0, 200)}`;
  return new ApiError(message, {
    status: statusCode,
    retryAfterMs,
    ...(status.reason ? { reason: status.reason } : {}),
  });
}

function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Uses KUBECONFIG, the user's default kubeconfig, or the pod's service account. Throws if none exists. */
export async function connect(): Promise<Connection & { readonly namespace: string }> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('no kubeconfig found, and this is not a pod with a service account');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized } = options;
  const agentOptions = {
    headersTimeout: TIMEOUT_MS,
    connect: { ca, cert, key, rejectUnauthorized: rejectUnauthorized ?? true, timeout: 5_000 } as object,
  };
  return {
    server: cluster.server,
    dispatcher: new Agent({ ...agentOptions, connections: CONNECTIONS }),
    // A watch may be silent for a minute; its reflector has a watchdog.
    watchDispatcher: new Agent({ ...agentOptions, bodyTimeout: 0 }),
    headers: () => headersOf(config),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
  };
}

async function headersOf(config: KubeConfig): Promise<Record<string, string>> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = Object.entries({ ...(options.headers as Record<string, unknown> | undefined) });
  const basic = options.auth ? [['authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`]] : [];
  return Object.fromEntries([...headers.map(([name, value]) => [name, String(value)]), ...basic]);
}
