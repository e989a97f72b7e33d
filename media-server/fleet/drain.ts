import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Terminator } from '../streams/terminate.ts';

/** How long queued events may still be delivered after the last stream has ended. */
const FLUSH_MS = 20_000;

export type DrainDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  /** Resolves when every queued event has been delivered, or after the timeout. */
  readonly flushEvents: (timeoutMs: number) => Promise<void>;
  /** Resolves when the other pods know that the names of this one are free, or did not answer. */
  readonly namesTold: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

export type DrainTimes = {
  /** How long streams may continue, milliseconds. */
  readonly timeoutMs: number;
  /** How long to serve at least, milliseconds, up to `timeoutMs`: load balancers need time to stop sending clients. */
  readonly leastMs: number;
};

/** Drains a media server: refuses new publications, waits for streams, ends the rest, and flushes events. */
export class Drain {
  readonly #deps: DrainDeps;
  readonly #hurry = new AbortController();
  readonly #listeners = new Set<(refuses: boolean) => void>();
  #cordoned = false;
  #done: Promise<void> | null = null;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  get draining(): boolean {
    return this.#done !== null;
  }

  /** Whether the operator is to remove this pod. */
  get cordoned(): boolean {
    return this.#cordoned;
  }

  /** Set by the operator; it may be reset. */
  set cordoned(cordoned: boolean) {
    this.#change(() => {
      this.#cordoned = cordoned;
    });
  }

  /** Whether new publications go elsewhere: this pod drains, or is to be removed. */
  get refuses(): boolean {
    return this.draining || this.cordoned;
  }

  /** Calls the listener whenever `refuses` changes. */
  onChange(listener: (refuses: boolean) => void): void {
    this.#listeners.add(listener);
  }

  #change(change: () => void): void {
    const before = this.refuses;
    change();
    const { refuses } = this;
    if (refuses !== before) for (const listener of this.#listeners) listener(refuses);
  }

  /** Resolves when nothing is left. Streams that still run after the timeout end with `drain`, as all sessions do. */
  start(times: DrainTimes): Promise<void> {
    const done = this.#done ?? this.#run(times);
    this.#change(() => {
      this.#done = done;
    });
    return done;
  }

  /** Stops waiting for streams. */
  hurry(): void {
    this.#hurry.abort();
  }

  async #run({ leastMs, timeoutMs }: DrainTimes): Promise<void> {
    const { clock, flushEvents, log, namesTold, registry, terminator } = this.#deps;
    log.info({ streams: registry.size, timeoutMs }, 'draining: no new publications');
    const startedAt = clock.monotonic();
    await this.#wait(Math.min(leastMs, timeoutMs));
    await this.#wait(timeoutMs - (clock.monotonic() - startedAt), { orEmpty: true });
    const streams = registry.size;
    if (streams > 0) log.warn({ streams }, 'drain timeout reached: ending the remaining streams');
    // The ends of sessions are events as well.
    await terminator.endEverything('drain');
    await Promise.all([flushEvents(FLUSH_MS), namesTold()]);
    log.info('drained');
  }

  /** Resolves after the time, when hurried, or with `orEmpty` once the registry is empty. */
  #wait(ms: number, { orEmpty = false } = {}): Promise<void> {
    const { clock, registry } = this.#deps;
    if (ms <= 0 || this.#hurry.signal.aborted || (orEmpty && registry.size === 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        timer.cancel();
        registry.onEmpty = null;
        resolve();
      };
      const timer = clock.setTimeout(settle, ms);
      if (orEmpty) registry.onEmpty = settle;
      this.#hurry.signal.addEventListener('abort', settle, { once: true });
    });
  }
}
