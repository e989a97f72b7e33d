import { STATUS_CODES } from 'node:http';
import { type Dispatcher, Pool, request } from 'undici';
import type { HookMethod } from '../../crds/schema/hook-methods.ts';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import type { Clock } from '../../process/clock.ts';
import { classify, isStale } from './failure.ts';
import { connectSkippingInterim } from './interim-replies.ts';
import type { HookReply } from './session-hooks.ts';
import type { Signer } from './signature.ts';

/** Each kind of call has its own connections, so that one kind never delays another. */
export type PoolName = 'admission' | 'events' | 'keepAlive';

export type HookRequest = {
  readonly method: HookMethod;
  /** The serialized JSON body. */
  readonly body: string;
  /** Stays the same across retries. */
  readonly eventId: string;
  /** Per session, from 1; assigned when the event happens. */
  readonly sequence: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether the body of an answer with this status is read; otherwise the status line decides at once. */
  readonly readBody: (status: number) => boolean;
};

export type HookClientDeps = { readonly clock: Clock; readonly version: string };

const MAX_BODY = 64 * 1024;
const ADMISSION_CONNECTIONS = 32;
const EVENT_CONNECTIONS = 32;
/** Bytes of an unread body that are drained to keep the connection; a longer body closes it. */
const DUMP_LIMIT = 16 * 1024;

/** Posts JSON to one backend. */
export class HookClient {
  readonly #pools: Readonly<Record<PoolName, Pool>>;
  readonly #base: URL;
  readonly #signer: Signer;
  readonly #deps: HookClientDeps;

  constructor(config: HookConfig, signer: Signer, ca: Buffer | null, deps: HookClientDeps) {
    this.#base = new URL(config.url);
    this.#signer = signer;
    this.#deps = deps;
    const pool = (connections: number): Pool =>
      new Pool(this.#base.origin, {
        connections,
        pipelining: 1,
        connect: connectSkippingInterim({
          timeout: config.timeoutMs,
          rejectUnauthorized: !config.tls.insecureSkipVerify,
          ...(ca ? { ca } : {}),
        }),
      });
    this.#pools = {
      admission: pool(ADMISSION_CONNECTIONS),
      events: pool(EVENT_CONNECTIONS),
      keepAlive: pool(config.maxConnections),
    };
  }

  /** One call, answered or failed within its timeout. Never throws. */
  async post(pool: PoolName, call: HookRequest): Promise<HookReply> {
    // One deadline covers connecting, sending, waiting and reading.
    const deadline = new AbortController();
    const timer = this.#deps.clock.setTimeout(() => deadline.abort(), call.timeoutMs);
    const signal = AbortSignal.any([call.signal, deadline.signal]);
    // The deadline outlives the answer: a body that never ends must not hold its connection.
    let discarded: Promise<unknown> = Promise.resolve();
    try {
      const response = await this.#send(pool, call, signal);
      const status = response.statusCode;
      const phrase = response.statusText || (STATUS_CODES[status] ?? '');
      const reply = { kind: 'status', status, phrase, retryAfterMs: this.#retryAfter(response) } as const;
      if (call.readBody(status)) return { ...reply, body: await this.#read(response) };
      discarded = this.#discard(response);
      return { ...reply, body: '' };
    } catch (error) {
      if (deadline.signal.aborted) return { kind: 'failure', failure: 'timeout' };
      if (call.signal.aborted) return { kind: 'failure', failure: 'aborted' };
      return { kind: 'failure', failure: classify(error), stale: isStale(error) };
    } finally {
      discarded.then(timer.cancel, timer.cancel);
    }
  }

  close(): void {
    for (const pool of Object.values(this.#pools)) {
      // Closing waits for calls in flight, which have their own deadlines.
      pool.close().catch(() => pool.destroy());
    }
  }

  #send(pool: PoolName, call: HookRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { body, eventId, method, sequence } = call;
    return request(methodUrl(this.#base, method), {
      dispatcher: this.#pools[pool],
      method: 'POST',
      signal,
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: {
        'content-type': 'application/json;charset=UTF-8',
        accept: 'application/json',
        'user-agent': `sluice/${this.#deps.version}`,
        'x-sluice-event-id': eventId,
        'x-sluice-sequence': String(sequence),
        ...this.#signer({ eventId, sentAt: new Date(this.#deps.clock.now()), body }),
      },
    });
  }

  /** Discards the body in the background once the status line has decided. Never rejects. */
  #discard(response: Dispatcher.ResponseData): Promise<unknown> {
    return response.body.dump({ limit: DUMP_LIMIT }).catch(() => undefined);
  }

  /** Returns the body. A body that cannot be read fails a call that succeeded; a refusal counts all the same. */
  async #read(response: Dispatcher.ResponseData): Promise<string> {
    const { statusCode } = response;
    return this.#readWhole(response).catch((error: unknown) => {
      if (statusCode < 300) throw error;
      return '';
    });
  }

  async #readWhole(response: Dispatcher.ResponseData): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BODY) {
        response.body.destroy();
        break;
      }
    }
    return length > MAX_BODY ? '' : Buffer.concat(chunks).toString('utf8');
  }

  /** Seconds or a date (RFC 9110 §10.2.3). */
  #retryAfter(response: Dispatcher.ResponseData): number | null {
    const value = response.headers['retry-after'];
    if (typeof value !== 'string') return null;
    const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - this.#deps.clock.now();
    return Number.isFinite(ms) ? Math.max(0, ms) : null;
  }
}

/** `<url>/<METHOD>`. A trailing slash makes no difference; a query string stays after the method. */
export function methodUrl(base: URL, method: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${method}`;
  url.hash = '';
  return url;
}
