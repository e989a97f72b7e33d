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
  ['thirty days, which are too long for a timer of Node', 30 * DAY_MS],
  ['a year', 365 * DAY_MS],
])('a timer of %s fires once, at its time and not before', (_what, delayMs) => {
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

it('a timer that is cancelled does not fire, however far it has come', () => {
  const timer = systemClock.setTimeout(() => expect.unreachable(), 60 * DAY_MS);
  vi.advanceTimersByTime(40 * DAY_MS);
  timer.cancel();
  expect(vi.getTimerCount()).toBe(0);
});

it('a sleep is cut short by its signal, also by one that is aborted already, and leaves no timer', async () => {
  const awake = new AbortController();
  const sleeping = sleep(systemClock, DAY_MS, awake.signal);
  awake.abort();
  await sleeping;
  await sleep(systemClock, DAY_MS, awake.signal);
  expect(vi.getTimerCount()).toBe(0);
});
