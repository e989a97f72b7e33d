import type { Clock, Timer } from '../../process/clock.ts';

type Scheduled = { readonly at: number; readonly order: number; readonly run: () => void };

/** A clock that the test advances. Time stands still while code runs. Random numbers are a fixed sequence. */
export class VirtualClock implements Clock {
  readonly #startedAt = Date.UTC(2026, 0, 1);
  #elapsed = 0;
  #order = 0;
  #seed: number;
  readonly #timers = new Set<Scheduled>();

  constructor(seed = 1) {
    this.#seed = seed;
  }

  now(): number {
    return this.#startedAt + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(run: () => void, delayMs: number): Timer {
    // Node treats a delay that is negative or not a number as 1 ms.
    const delay = delayMs >= 0 ? delayMs : 1;
    const timer: Scheduled = { at: this.#elapsed + delay, order: this.#order++, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Park-Miller, in steps of 1/1024, so sums of fractions of an interval are exact. */
  random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return (this.#seed % 1_024) / 1_024;
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Advances time. Each timer runs at its time, and everything it starts finishes before the next one. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    for (let next = this.#first(until); next; next = this.#first(until)) {
      this.#elapsed = Math.max(this.#elapsed, next.at);
      this.#fire(next);
      await this.settle();
    }
    this.#elapsed = Math.max(this.#elapsed, until);
    await this.settle();
  }

  /** Runs what the last timer has started, as far as it can go without time. */
  protected settle(): Promise<void> {
    return settle();
  }

  /** Advances time until the next timer has run. */
  async advanceToNext(): Promise<void> {
    const next = this.#first(Number.POSITIVE_INFINITY);
    if (next) await this.advance(next.at - this.#elapsed);
  }

  /** Simulates a paused process: time has passed, and timers run late, in the order in which they were set. */
  async stall(ms: number): Promise<void> {
    this.#elapsed += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.#elapsed && this.#timers.has(timer)) this.#fire(timer);
    }
    await this.advance(0);
  }

  #fire(timer: Scheduled): void {
    this.#timers.delete(timer);
    timer.run();
  }

  #first(until: number): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** Runs the callbacks of all settled promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await null;
}
