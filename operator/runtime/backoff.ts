import type { Clock } from '../../process/clock.ts';

export type BackoffLimits = { readonly firstMs: number; readonly mostMs: number };

/** The delay after a number of failures in a row. It doubles each time; half of it is random, to spread retries. */
export function backoffMs(failures: number, clock: Pick<Clock, 'random'>, { firstMs, mostMs }: BackoffLimits): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return full / 2 + (full / 2) * clock.random();
}
