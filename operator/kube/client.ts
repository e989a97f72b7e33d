import type { RequestOptions } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Agent, type Dispatcher } from 'undici';
import { ApiError, NotLeaderError } from './api-error.ts';

/** How the API server is reached, as a kubeconfig or a pod's service account says. */
export type Connection = {
  readonly server: string;
  readonly dispatcher: Dispatcher;
  /** For watches, each of which holds a connection: however many there are, other requests go through. */
  readonly watchDispatcher: Dispatcher;
  /** Read again for each request: tokens are renewed in place. */
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
  /** How long nobody else can lead, milliseconds; 0 = this replica may not write. Asked before each write, which ends by then. */
  readonly writeForMs: () => number;
  readonly onRequest: (method: Method, code: string) => void;
};

/** Every field that the operator writes is its own, whichever way it writes it. */
export const FIELD_MANAGER = 'sluice-operator';

/** What is needed of a client by those who do not watch. */
export type Caller = Pick<KubeClient, 'call'>;

const TIMEOUT_MS = 15_000;
const CONNECTIONS = 64;
const MOST_ATTEMPTS = 5;
const MOST_WAIT_MS = 30_000;

/**
 * Calls of the API server as plain JSON over pooled connections. The typed client of `@kubernetes/client-node` opens a
 * TLS connection per request and spends most of its time on models; its KubeConfig knows every way to log in.
 */
export class KubeClient {
  readonly #connection: Connection;
  readonly #deps: ClientDeps;

  constructor(connection: Connection, deps: ClientDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  /**
   * One call with a JSON answer. An overloaded server (429) is asked again when it wants to be, as by client-go: whoever
   * calls need not know. Throws `ApiError`; `NotLeaderError` for a write that must not happen.
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

  /** The body of a long answer, such as a watch, as it comes. Throws `ApiError`. */
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

/** A deletion writes no fields. */
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

/** From KUBECONFIG, the user's default kubeconfig, or the service account of the pod. Throws when there is none. */
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
    // A watch may say nothing for a minute; its reflector has a watchdog.
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
