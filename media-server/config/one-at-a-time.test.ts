import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

it('does not run a task twice at a time, and runs it once more after the last call', async () => {
  const ends: (() => void)[] = [];
  const next = oneAtATime(() => new Promise((resolve) => ends.push(resolve)));
  next();
  for (let calls = 0; calls < 3; calls += 1) next();
  expect(ends.length).toBe(1);
  ends[0]?.();
  await new Promise(setImmediate);
  expect(ends.length).toBe(2);
  ends[1]?.();
  await new Promise(setImmediate);
  expect(ends.length).toBe(2);
  next();
  expect(ends.length).toBe(3);
});
