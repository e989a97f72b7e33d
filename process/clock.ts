/** Time and randomness as a parameter, so that tests can control them. */
export type Clock = {
  /** Unix time, milliseconds. */
  now(): number;
  /** Monotonic time for durations, milliseconds. */
  monotonic(): number;
  /** Unlike the global one, it supports a delay of any length. */
  setTimeout(run: () => void, delayMs: number): Timer;
  /** Uniform in [0, 1). */
  random(): number;
};

export type Timer = { cancel(): void };

/** Node fires a timer with a longer delay immediately. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, delayMs) => {
    let handle: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const isLast = leftMs <= LONGEST_DELAY_MS;
      handle = isLast ? setTimeout(run, leftMs) : setTimeout(() => wait(leftMs - LONGEST_DELAY_MS), LONGEST_DELAY_MS);
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  random: () => Math.random(),
};

/** Resolves after the given time, or as soon as the signal is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const timer = clock.setTimeout(settle, ms);
    signal.addEventListener('abort', settle, { once: true });
  });
}
