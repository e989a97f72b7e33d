import type { Clock } from '../../process/clock.ts';
import { isUsable } from './admission-verdict.ts';
import type { HookReply } from './session-hooks.ts';

/** How a backend answers. The conditions of a RestHook are built from it. */
export type HookHealth = {
  /** Unix milliseconds; 0 = never. */
  readonly lastSuccessAt: number;
  readonly lastFailureAt: number;
  /** Calls in the last one to two minutes, and how many of them failed. */
  readonly recentCalls: number;
  readonly recentFailures: number;
};

type Window = { startedAt: number; calls: number; failures: number };

const WINDOW_MS = 60_000;

/** Keeps the current window and the one before it: a failure rate that ages out, at the cost of four numbers. */
export class HealthRecorder {
  readonly #clock: Pick<Clock, 'now'>;
  #lastSuccessAt = 0;
  #lastFailureAt = 0;
  #running: Window = { startedAt: 0, calls: 0, failures: 0 };
  #before: Window = { startedAt: 0, calls: 0, failures: 0 };

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** An unusable answer (5xx, 3xx, 401, …) is a failure; a refusal is an answer. An aborted call is neither. */
  record(reply: HookReply): void {
    if (reply.kind === 'failure' && reply.failure === 'aborted') return;
    this.#turn();
    this.#running.calls++;
    if (isUsable(reply)) {
      this.#lastSuccessAt = this.#clock.now();
      return;
    }
    this.#lastFailureAt = this.#clock.now();
    this.#running.failures++;
  }

  health(): HookHealth {
    this.#turn();
    return {
      lastSuccessAt: this.#lastSuccessAt,
      lastFailureAt: this.#lastFailureAt,
      recentCalls: this.#before.calls + this.#running.calls,
      recentFailures: this.#before.failures + this.#running.failures,
    };
  }

  #turn(): void {
    const now = this.#clock.now();
    const age = now - this.#running.startedAt;
    if (age < WINDOW_MS) return;
    this.#before = age < 2 * WINDOW_MS ? this.#running : { startedAt: now, calls: 0, failures: 0 };
    this.#running = { startedAt: now, calls: 0, failures: 0 };
  }
}
