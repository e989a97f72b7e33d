import type { Clock } from '../../process/clock.ts';

export type BackoffLimits = { readonly firstMs: number; readonly mostMs: number };

/** How long to wait after so many failures in a row: doubling, with a random half so that many do not come at once. */
export function backoffMs(failures: number, clock: Pick<Clock, 'random'>, { firstMs, mostMs }: BackoffLimits): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return full / 2 + (full / 2) * clock.random();
}
