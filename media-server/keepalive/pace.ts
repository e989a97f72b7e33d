/** The first check is at a random moment of the first interval, to spread load (docs/keep-alive.md#the-arithmetic). */
export function firstDelayMs(intervalMs: number, chance: number): number {
  return intervalMs * (1 - chance);
}

export type Answered = {
  /** When the answered check was due. All times here are monotonic milliseconds. */
  readonly dueAt: number;
  readonly answeredAt: number;
  readonly intervalMs: number;
  /** `Retry-After` of the reply; null = none. */
  readonly retryAfterMs: number | null;
};

/**
 * The next check is due one interval after this one was due, not after its answer. A slow backend therefore does not
 * stretch the interval, and streams that once waited for each other spread again. After a check that took longer than
 * the interval, the next one follows at once. `Retry-After` delays the next check, at most to one interval
 * from the answer.
 */
export function nextDueAt({ answeredAt, dueAt, intervalMs, retryAfterMs }: Answered): number {
  const asked = retryAfterMs !== null && retryAfterMs > 0 ? Math.min(retryAfterMs, intervalMs) : 0;
  return Math.max(dueAt + intervalMs, answeredAt + asked);
}

/** When an armed check is due under a new interval. A shorter interval applies at once, with checks spread over it. */
export function redueAt(dueAt: number, now: number, intervalMs: number, chance: number): number {
  return dueAt - now > intervalMs ? now + firstDelayMs(intervalMs, chance) : dueAt;
}
