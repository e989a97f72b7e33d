import { describe, expect, it } from 'vitest';
import { CpuLoad } from './cpu-load.ts';

/** `[milliseconds since the start, CPU seconds spent, the load in percent]` */
type Reading = readonly [number, number, number];

const CASES: Readonly<Record<string, readonly Reading[]>> = {
  'is zero in the first second': [[900, 0.9, 0]],
  'is the average since the start at first': [[10_000, 2.5, 25]],
  'is that since the last reading': [
    [10_000, 2.5, 25],
    [15_000, 5, 50],
  ],
  'stays for a second, and then counts all of it': [
    [10_000, 2.5, 25],
    [10_999, 3, 25],
    [11_000, 3.5, 100],
  ],
  'is above 100 on several cores': [[1_000, 1.75, 175]],
  'is zero after a worker was lost': [
    [10_000, 5, 50],
    [11_000, 1, 0],
    [12_000, 1.1, 10],
  ],
};

describe('the CPU load', () => {
  it.each(Object.entries(CASES))('%s', (_name, readings) => {
    const load = new CpuLoad();
    expect(readings.map(([nowMs, spentSeconds]) => load.read(nowMs, spentSeconds))).toEqual(
      readings.map(([, , percent]) => percent),
    );
  });
});
