import { describe, expect, it } from 'vitest';
import { firstDelayMs, nextDueAt, redueAt } from './pace.ts';

describe('firstDelayMs', () => {
  it('is within one interval, and never zero', () => {
    expect(firstDelayMs(10_000, 0)).toBe(10_000);
    expect(firstDelayMs(10_000, 0.25)).toBe(7_500);
    expect(firstDelayMs(10_000, 1 - Number.EPSILON)).toBeGreaterThan(0);
  });
});

describe('nextDueAt', () => {
  const check = { dueAt: 1_000, answeredAt: 1_040, intervalMs: 10_000, retryAfterMs: null };

  it('is one interval after the check was due, however long the answer took', () => {
    expect(nextDueAt(check)).toBe(11_000);
    expect(nextDueAt({ ...check, answeredAt: 10_999 })).toBe(11_000);
  });

  it('is at once when the check took longer than the interval, and only once', () => {
    expect(nextDueAt({ ...check, answeredAt: 45_000 })).toBe(45_000);
  });

  it.each([
    ['within the interval makes no difference', 3_000, 11_000],
    ['delays the next check', 9_990, 11_030],
    ['is capped at the interval', 3_600_000, 11_040],
    ['of infinity is capped at the interval', Number.POSITIVE_INFINITY, 11_040],
    ['of zero makes no difference', 0, 11_000],
    ['in the past makes no difference', -5_000, 11_000],
    ['that is not a number makes no difference', Number.NaN, 11_000],
  ])('a Retry-After %s', (_name, retryAfterMs, expected) => {
    expect(nextDueAt({ ...check, retryAfterMs })).toBe(expected);
  });
});

describe('redueAt', () => {
  it('does not move a check that is due within the new interval', () => {
    expect(redueAt(11_000, 8_000, 5_000, 0.5)).toBe(11_000);
    expect(redueAt(11_000, 8_000, 3_000, 0.5)).toBe(11_000);
    expect(redueAt(7_000, 8_000, 3_000, 0.5)).toBe(7_000);
  });

  it('spreads checks that would be too late over the new interval', () => {
    expect(redueAt(61_000, 8_000, 5_000, 0)).toBe(13_000);
    expect(redueAt(61_000, 8_000, 5_000, 0.9)).toBe(8_500);
  });
});
