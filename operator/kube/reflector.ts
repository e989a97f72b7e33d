import { type Clock, sleep } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { ApiError, isExpired } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { type KubeObject, keyOf, pathOf, type ResourceType } from './objects.ts';
import type { Store } from './store.ts';

export type ReflectorOptions = {
  readonly type: ResourceType;
  /** null = all namespaces. */
  readonly namespace: string | null;
  readonly labelSelector?: string;
  readonly timing?: Partial<Timing>;
};

export type Timing = {
  /** The server ends a watch after about this time. */
  readonly watchMs: number;
  /** A watch without an event for this time is closed. The server sends a bookmark about once a minute. */
  readonly silenceMs: number;
  /** All objects are listed again after this time, in case an event was lost. */
  readonly relistMs: number;
};

const TIMING: Timing = { watchMs: 300_000, silenceMs: 150_000, relistMs: 30 * 60_000 };
const PAGE_SIZE = 500;
const RETRY = { firstMs: 200, mostMs: 5_000 };
/** After a watch that the server ended sooner than this, the next one waits. */
const LEAST_WATCH_MS = 1_000;

export type ReflectorDeps = { readonly client: KubeClient; readonly clock: Clock; readonly log: Log };

type List = { metadata: { resourceVersion: string; continue?: string }; items: KubeObject[] };
type WatchEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: KubeObject };

/**
 * Keeps a store in sync with the API server: lists in pages, then watches with bookmarks. After a lost connection it
 * resumes at the last resource version; if that has expired (410), it lists again. The informer of
 * `@kubernetes/client-node` is not used: it stops for good after a reset, a 503 or a failed first list.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timing: Timing;
  readonly #store: Store;
  readonly #deps: ReflectorDeps;
  readonly #stopped = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();
  /** Errors in a row. Expired versions count separately, so that failures during an outage do not delay the relist. */
  readonly #inARow = { failed: 0, expired: 0 };

  constructor(options: ReflectorOptions, store: Store, deps: ReflectorDeps) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#store = store;
    this.#deps = deps;
  }

  /** Resolves when the first list is complete. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#watchUntilStale(await this.#list());
      } catch (error) {
        if (signal.aborted) return;
        await this.#waitAfter(error);
      }
    }
  }

  /** Fills the store. Returns the resource version to watch from. */
  async #list(): Promise<string> {
    const { namespace, type } = this.#options;
    const objects: KubeObject[] = [];
    let query: Record<string, string> = { limit: String(PAGE_SIZE), ...this.#selector() };
    for (;;) {
      const list = await this.#deps.client.call<List>('GET', pathOf(type, namespace), {
        query,
        signal: this.#stopped.signal,
      });
      // The items of a list have no apiVersion and kind.
      for (const item of list.items) objects.push(lean({ ...item, apiVersion: type.apiVersion, kind: type.kind }));
      if (!list.metadata.continue) {
        this.#store.replace(namespace, objects);
        this.#synced.resolve();
        return list.metadata.resourceVersion;
      }
      query = { ...query, continue: list.metadata.continue };
    }
  }

  /** Sends one watch request after another until it is time to list again. */
  async #watchUntilStale(from: string): Promise<void> {
    const { clock } = this.#deps;
    const staleAt = clock.monotonic() + this.#timing.relistMs * (1 + clock.random() / 2);
    let version = from;
    while (!this.#stopped.signal.aborted && clock.monotonic() < staleAt) version = await this.#watchOnce(version);
  }

  /** Sends one watch request. Returns the resource version to resume from; throws if it has expired. */
  async #watchOnce(from: string): Promise<string> {
    const { clock } = this.#deps;
    const startedAt = clock.monotonic();
    let version = from;
    try {
      for await (const event of this.#events(version)) {
        version = this.#take(event);
        Object.assign(this.#inARow, { failed: 0, expired: 0 });
      }
      if (clock.monotonic() - startedAt < LEAST_WATCH_MS) await this.#waitAfter('the watch ended at once');
    } catch (error) {
      if (isExpired(error)) throw error;
      if (!this.#stopped.signal.aborted) await this.#waitAfter(error);
    }
    return version;
  }

  /** Applies an event to the store. Returns its resource version. */
  #take({ object, type }: WatchEvent): string {
    const version = object.metadata.resourceVersion ?? '';
    if (type === 'DELETED') this.#store.delete(keyOf(object));
    else if (type !== 'BOOKMARK') this.#store.set(lean(object));
    return version;
  }

  async *#events(version: string): AsyncGenerator<WatchEvent> {
    const { namespace, type } = this.#options;
    const silence = new Watchdog(this.#deps.clock, this.#timing.silenceMs);
    const signal = AbortSignal.any([this.#stopped.signal, silence.signal]);
    const seconds = Math.ceil((this.#timing.watchMs * (1 + this.#deps.clock.random())) / 1000);
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(seconds),
      ...this.#selector(),
    };
    try {
      silence.reset();
      for await (const line of lines(await this.#deps.client.stream(pathOf(type, namespace), { query, signal }))) {
        silence.reset();
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') throw errorOf(event);
        yield event;
      }
    } finally {
      silence.stop();
    }
  }

  #selector(): Record<string, string> {
    const { labelSelector } = this.#options;
    return labelSelector === undefined ? {} : { labelSelector };
  }

  async #waitAfter(error: unknown): Promise<void> {
    const { clock, log } = this.#deps;
    const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : 0;
    const count = this.#inARow[isExpired(error) ? 'expired' : 'failed']++;
    const waitMs = Math.max(retryAfterMs, backoffMs(count, clock, RETRY));
    log.warn({ kind: this.#options.type.kind, reason: String(error), waitMs: Math.round(waitMs) }, 'the watch was cut');
    await sleep(clock, waitMs, this.#stopped.signal);
  }
}

/** Drops `managedFields`, which is half of most objects and never read. */
function lean(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, metadata };
}

/** Converts the Status object of an ERROR event, such as `{code: 410, reason: 'Expired'}`. */
function errorOf({ object }: WatchEvent): ApiError {
  const { code, message, reason } = object as unknown as { code?: number; message?: string; reason?: string };
  return new ApiError(message ?? 'the watch failed', { status: code ?? 0, ...(reason ? { reason } : {}) });
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part !== '') yield part;
  }
}

/** Aborts its signal unless it is reset in time. */
class Watchdog {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #controller = new AbortController();
  #timer: { cancel(): void } | null = null;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reset(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(
      () => this.#controller.abort(new Error('the watch stopped sending events')),
      this.#ms,
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
