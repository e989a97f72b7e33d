import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { type QueueObserver, WorkQueue } from './workqueue.ts';

/** When to reconcile again; without `requeueAfterMs`, at the next change. */
export type Result = { readonly requeueAfterMs?: number };

export type ReconcileOutcome = 'success' | 'error' | 'requeue_after';

export type ControllerOptions = {
  readonly name: string;
  readonly workers: number;
  readonly reconcile: (key: string) => Promise<Result>;
};

export type ControllerDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly queue?: QueueObserver;
  readonly observe: (outcome: ReconcileOutcome, seconds: number) => void;
  /** How to handle an error. `quiet` errors (a conflict, lost leadership) are not logged. */
  readonly classify: (error: unknown) => { readonly quiet: boolean; readonly retryAfterMs: number };
};

/**
 * Reconciles the keys of a queue. A success resets the backoff, `requeueAfterMs` schedules the key again, and an error
 * retries it with a growing delay. Does not depend on any kind.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #deps: ControllerDeps;
  readonly #queue: WorkQueue;
  #workers: Promise<void>[] = [];

  constructor(options: ControllerOptions, deps: ControllerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#queue = new WorkQueue(deps.clock, deps.queue);
  }

  get depth(): number {
    return this.#queue.depth;
  }

  enqueue(key: string): void {
    this.#queue.add(key);
  }

  start(): void {
    this.#workers = Array.from({ length: this.#options.workers }, () => this.#work());
  }

  /** Waits for reconciles in flight. */
  async stop(): Promise<void> {
    this.#queue.close();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.next();
      if (key === null) return;
      await this.#reconcile(key);
      this.#queue.done(key);
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { classify, clock, log, observe } = this.#deps;
    const startedAt = clock.monotonic();
    const seconds = (): number => (clock.monotonic() - startedAt) / 1000;
    try {
      const { requeueAfterMs } = await this.#options.reconcile(key);
      this.#queue.forget(key);
      if (requeueAfterMs !== undefined) this.#queue.addAfter(key, requeueAfterMs);
      observe(requeueAfterMs === undefined ? 'success' : 'requeue_after', seconds());
    } catch (error) {
      const { quiet, retryAfterMs } = classify(error);
      const fields = { controller: this.#options.name, object: key, err: error };
      if (!quiet) log.error(fields, 'reconcile failed and will be retried');
      this.#queue.retry(key, retryAfterMs);
      observe('error', seconds());
    }
  }
}
