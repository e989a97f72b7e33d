import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sleep, systemClock } from './clock.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['a second', 1_000],
  ['thirty days, which is too long for a Node timer', 30 * DAY_MS],
  ['a year', 365 * DAY_MS],
])('a timer of %s fires once, and not early', (_what, delayMs) => {
  let fired = 0;
  systemClock.setTimeout(() => {
    fired += 1;
  }, delayMs);
  vi.advanceTimersByTime(delayMs - 1);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('a cancelled timer does not fire, however close it was', () => {
  const timer = systemClock.setTimeout(() => expect.unreachable(), 60 * DAY_MS);
  vi.advanceTimersByTime(40 * DAY_MS);
  timer.cancel();
  expect(vi.getTimerCount()).toBe(0);
});

it('a sleep ends when its signal aborts, even if it has already aborted, and leaves no timer', async () => {
  const awake = new AbortController();
  const sleeping = sleep(systemClock, DAY_MS, awake.signal);
  awake.abort();
  await sleeping;
  await sleep(systemClock, DAY_MS, awake.signal);
  expect(vi.getTimerCount()).toBe(0);
});
