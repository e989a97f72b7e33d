/** First check at a random moment of the first interval, so that streams spread (docs/keep-alive.md#the-arithmetic). */
export function firstDelayMs(intervalMs: number, chance: number): number {
  return intervalMs * (1 - chance);
}

export type Answered = {
  /** When the check that was answered had been due, like all times here monotonic milliseconds. */
  readonly dueAt: number;
  readonly answeredAt: number;
  readonly intervalMs: number;
  /** What the backend asked for, null = nothing. */
  readonly retryAfterMs: number | null;
};

/**
 * When the next check is due: one interval after this one was due, not after its answer, so that a slow backend does
 * not stretch the interval, and streams that had to wait for each other once are spread again. A check that took longer
 * than the interval is followed by the next at once. `Retry-After` puts off the next check, by one interval from the answer at most.
 */
export function nextDueAt({ answeredAt, dueAt, intervalMs, retryAfterMs }: Answered): number {
  const asked = retryAfterMs !== null && retryAfterMs > 0 ? Math.min(retryAfterMs, intervalMs) : 0;
  return Math.max(dueAt + intervalMs, answeredAt + asked);
}

/** When a check that waits for its time is due under a new interval: a shorter one applies at once, spread over it. */
export function redueAt(dueAt: number, now: number, intervalMs: number, chance: number): number {
  return dueAt - now > intervalMs ? now + firstDelayMs(intervalMs, chance) : dueAt;
}
