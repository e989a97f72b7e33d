import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { type QueueObserver, WorkQueue } from './workqueue.ts';

/** What a reconcile wants next; nothing = it waits for the next change. */
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
  /** How an error is to be treated: `quiet` = it is no news (a conflict, a lost leadership). */
  readonly classify: (error: unknown) => { readonly quiet: boolean; readonly retryAfterMs: number };
};

/**
 * Works through keys. Success forgets earlier failures, `requeueAfterMs` comes again, an error comes again later and
 * later. Knows no kind of ours.
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

  /** Lets work in flight finish. */
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
