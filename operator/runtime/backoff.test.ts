import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const LIMITS = { firstMs: 50, mostMs: 60_000 };
const chance = (value: number) => ({ random: () => value });

describe('backoffMs', () => {
  it.each([
    [0, 50],
    [1, 100],
    [2, 200],
    [10, 51_200],
    [11, 60_000],
    [31, 60_000],
    [100_000, 60_000],
  ])('waits after %i failures at most %i ms, and at least half of it', (failures, mostMs) => {
    expect(backoffMs(failures, chance(0), LIMITS)).toBe(mostMs / 2);
    expect(backoffMs(failures, chance(0.5), LIMITS)).toBe((mostMs * 3) / 4);
    expect(backoffMs(failures, chance(1), LIMITS)).toBe(mostMs);
  });

  it('stays within its limits for any number of failures and any random number', () => {
    const cases = fc.record({ failures: fc.nat(1_000_000), random: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(cases, ({ failures, random }) => {
        const ms = backoffMs(failures, chance(random), LIMITS);
        return ms >= LIMITS.firstMs / 2 && ms <= LIMITS.mostMs;
      }),
    );
  });
});
