import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Terminator } from '../streams/terminate.ts';

/** How long queued events may still be delivered after the last stream has ended. */
const FLUSH_MS = 20_000;

/**
 * How long load balancers still send clients to a pod that drains. It gets SIGTERM at the moment its endpoint is removed,
 * which takes a few seconds to reach them.
 */
export const ROUTED_MS = 5_000;
/** How much longer that takes for a pod that is to be removed: its endpoint goes after four failed readiness probes. */
const UNREADY_MS = 5_000;

export type DrainDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  /** Resolves when every queued event has been delivered, or after the timeout. */
  readonly flushEvents: (timeoutMs: number) => Promise<void>;
  /** Resolves when the other pods know that the names of this one are free, or did not answer. */
  readonly namesTold: () => Promise<void>;
  /** How long clients are still sent here once it drains: `ROUTED_MS`, or 0 without a load balancer. */
  readonly routedMs: number;
  readonly clock: Clock;
  readonly log: Log;
};

/** Drains a media server: refuses new publications, waits for streams, ends the rest, and flushes events. */
export class Drain {
  readonly #deps: DrainDeps;
  readonly #hurry = new AbortController();
  readonly #listeners = new Set<(sendsAway: boolean) => void>();
  #cordoned = false;
  #sendsAway = false;
  /** Until clients are sent away. */
  #timer: Timer | null = null;
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
    if (cordoned === this.#cordoned) return;
    this.#cordoned = cordoned;
    if (!this.draining) this.#sendAwayIn(cordoned ? this.#deps.routedMs + UNREADY_MS : null);
  }

  /** Whether new publications go elsewhere: this pod drains, or is to be removed. */
  get refuses(): boolean {
    return this.draining || this.cordoned;
  }

  /**
   * Whether clients without streams go elsewhere as well. That comes later than `refuses`: a client that is sent away too
   * early is sent here again.
   */
  get sendsAway(): boolean {
    return this.#sendsAway;
  }

  /** Calls the listener whenever `sendsAway` changes. Returns what ends that. */
  onSendAway(listener: (sendsAway: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when nothing is left. Streams that still run after the timeout end with `drain`, as all sessions do. */
  start(timeoutMs: number): Promise<void> {
    if (this.#done) return this.#done;
    this.#done = this.#run(timeoutMs);
    this.#sendAwayIn(this.#deps.routedMs);
    return this.#done;
  }

  /** Stops waiting for streams. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Sends clients away after a time, null = not any more. */
  #sendAwayIn(ms: number | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (ms === null || ms === 0) this.#setSendsAway(ms !== null);
    else this.#timer = this.#deps.clock.setTimeout(() => this.#setSendsAway(true), ms);
  }

  #setSendsAway(sendsAway: boolean): void {
    if (sendsAway === this.#sendsAway) return;
    this.#sendsAway = sendsAway;
    for (const listener of this.#listeners) listener(sendsAway);
  }

  async #run(timeoutMs: number): Promise<void> {
    const { clock, flushEvents, log, namesTold, registry, routedMs, terminator } = this.#deps;
    log.info({ streams: registry.size, timeoutMs }, 'draining: no new publications');
    const startedAt = clock.monotonic();
    await this.#wait(Math.min(routedMs, timeoutMs));
    await this.#wait(timeoutMs - (clock.monotonic() - startedAt), { orEmpty: true });
    this.#sendAwayIn(0);
    const streams = registry.size;
    const why = this.#hurry.signal.aborted ? 'not waiting for streams' : 'drain timeout reached';
    if (streams > 0) log.warn({ streams }, `${why}: ending the remaining streams`);
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
