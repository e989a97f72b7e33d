export type Timer = { cancel(): void };

/** Time and chance, as parameters. */
export type Clock = {
  /** Unix time, milliseconds; may be set back. */
  now(): number;
  /** For durations, milliseconds; never goes back. */
  monotonic(): number;
  setTimeout(run: () => void, ms: number): Timer;
  /** From 0 up to 1. */
  random(): number;
};

/** Node fires a timer with a longer delay at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => {
    const timer = setTimeout(run, Math.min(ms, LONGEST_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after some time, or at once when the signal is aborted. */
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
