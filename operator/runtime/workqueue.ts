import type { Clock, Timer } from '../../process/clock.ts';
import { backoffMs } from './backoff.ts';

export type QueueObserver = {
  readonly added: () => void;
  readonly retried: () => void;
  /** Called with the time that a key has waited, seconds. */
  readonly waited: (seconds: number) => void;
};

const SILENT: QueueObserver = { added: () => undefined, retried: () => undefined, waited: () => undefined };
const RETRY = { firstMs: 50, mostMs: 60_000 };

/**
 * A queue of keys, like the workqueue of client-go. Adding a key twice queues it once. Two workers never get the same
 * key: one that is added while it is processed is queued again afterwards.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  /** Waiting keys, and since when each waits. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Set<string>();
  /** Keys that were added while being processed, and when. */
  readonly #again = new Map<string, number>();
  readonly #delayed = new Map<string, { timer: Timer; at: number }>();
  readonly #failures = new Map<string, number>();
  #wanted: ((key: string | null) => void)[] = [];
  #closed = false;

  constructor(clock: Clock, observer: QueueObserver = SILENT) {
    this.#clock = clock;
    this.#observer = observer;
  }

  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#again.has(key)) return;
    this.#observer.added();
    const now = this.#clock.monotonic();
    if (this.#working.has(key)) this.#again.set(key, now);
    else this.#wait(key, now);
  }

  /** Adds a key later. If it is already scheduled, the earlier time wins. */
  addAfter(key: string, ms: number): void {
    const at = this.#clock.monotonic() + ms;
    const known = this.#delayed.get(key);
    if (this.#closed || (known && known.at <= at)) return;
    known?.timer.cancel();
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, ms);
    this.#delayed.set(key, { timer, at });
  }

  /** Adds a key again after a failure, with a growing delay of at least `leastMs`. */
  retry(key: string, leastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#observer.retried();
    this.addAfter(key, Math.max(leastMs, backoffMs(failures, this.#clock, RETRY)));
  }

  /** Resets the backoff of a key after a success. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Resolves with the next key, or null if the queue is closed. The worker must call `done`. */
  next(): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#wanted.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    this.#working.delete(key);
    const since = this.#again.get(key);
    this.#again.delete(key);
    if (since !== undefined && !this.#closed) this.#wait(key, since);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const give of this.#wanted.splice(0)) give(null);
  }

  #wait(key: string, since: number): void {
    this.#waiting.set(key, since);
    this.#hand();
  }

  #hand(): void {
    while (this.#wanted.length > 0 && this.#waiting.size > 0) {
      const [first] = this.#waiting;
      if (!first) return;
      const [key, since] = first;
      this.#waiting.delete(key);
      this.#working.add(key);
      this.#observer.waited((this.#clock.monotonic() - since) / 1000);
      this.#wanted.shift()?.(key);
    }
  }
}
