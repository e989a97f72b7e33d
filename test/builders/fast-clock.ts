import type { Clock } from '../../process/clock.ts';

/** Real time, but so many times as fast: ten minutes of waiting in half a minute. */
export function fastClock(factor: number): Clock {
  const startedAt = Date.now();
  const monotonic = (): number => performance.now() * factor;
  const since = monotonic();
  return {
    // Whole milliseconds, as Date.now() has them.
    now: () => Math.floor(startedAt + monotonic() - since),
    monotonic,
    random: () => Math.random(),
    setTimeout: (run, ms) => {
      const timer = setTimeout(run, ms / factor);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}
