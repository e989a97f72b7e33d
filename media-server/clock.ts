/** Time and chance as parameters, so that tests can own them. */
export type Clock = {
  /** Unix time, milliseconds. */
  now(): number;
  /** Monotonic time for durations, milliseconds. */
  monotonic(): number;
  setTimeout(run: () => void, delayMs: number): Timer;
  /** Uniform in [0, 1). */
  random(): number;
};

export type Timer = { cancel(): void };

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, delayMs) => {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  random: () => Math.random(),
};
