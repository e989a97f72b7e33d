import type { Clock } from '../../process/clock.ts';

export type BackOffLimits = { readonly firstMs: number; readonly mostMs: number };

/** A camera that cannot be reached, or whose media stopped. */
export const RECONNECT: BackOffLimits = { firstMs: 1_000, mostMs: 30_000 };
/** Cameras lock accounts after a few wrong passwords. */
export const UNAUTHORIZED: BackOffLimits = { firstMs: 60_000, mostMs: 900_000 };
/** Media that cannot be played does not become playable by itself. */
export const UNPLAYABLE: BackOffLimits = { firstMs: 600_000, mostMs: 600_000 };

/** Media servers refuse what was ended on purpose for a minute. */
export const AFTER_TERMINATION: BackOffLimits = { firstMs: 80_000, mostMs: 80_000 };

/** Delays between attempts that double from the first to the most, each ±20 %. Starts anew for other limits. */
export class BackOff {
  readonly #clock: Pick<Clock, 'random'>;
  #limits: BackOffLimits | null = null;
  #nextMs = 0;

  constructor(clock: Pick<Clock, 'random'>) {
    this.#clock = clock;
  }

  /** The delay before the next attempt, milliseconds. */
  next(limits: BackOffLimits): number {
    if (limits !== this.#limits) this.#nextMs = limits.firstMs;
    this.#limits = limits;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(limits.mostMs, 2 * delayMs);
    return Math.round(delayMs * (0.8 + 0.4 * this.#clock.random()));
  }

  /** The next delay is the first one again. */
  reset(): void {
    this.#limits = null;
  }
}
