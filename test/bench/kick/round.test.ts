import { describe, expect, it } from 'vitest';
import { percentile } from '../statistics.ts';
import { roundOf, summaryOf } from './round.ts';
import { heading, rowOf } from './table.ts';

const measured = { count: 4, answerMs: 5, joinMs: 2_000, lost: 0.2, postMs: [1, 2, 3, 4] };

describe('a round', () => {
  it('has the times of all clients', () => {
    expect(roundOf({ ...measured, toldMs: [30, 10, 1_001, 20] })).toEqual({
      answerMs: 5,
      p50: 20,
      p99: 1_001,
      max: 1_001,
      inASecond: 3,
      notTold: 0,
      lost: 0.2,
      joinsPerSecond: 2,
      postP50: 2,
      postP99: 4,
    });
  });

  it('counts a client that was not told as the slowest one', () => {
    const { inASecond, max, notTold, p50, p99 } = roundOf({ ...measured, toldMs: [30, 10] });
    expect({ inASecond, max, notTold, p50, p99 }).toEqual({
      inASecond: 2,
      max: Infinity,
      notTold: 2,
      p50: 30,
      p99: Infinity,
    });
  });

  it('is a row of the table', () => {
    const row = rowOf('1', roundOf({ ...measured, toldMs: [30, 10, 123.4] }));
    const cells = ['5.0 ms', '30.0 ms', 'never', 'never', '3', '1', '20.0 %', '2/s', '2.0 ms', '4.0 ms'];
    expect(row.split(/\s{2,}/)).toEqual(['1', ...cells]);
    expect(heading().length).toBe(row.length);
  });
});

describe('a summary', () => {
  it('has the median of each column, and the worst round for clients that were late or not told', () => {
    const rounds = [
      [9, 9, 9, 9],
      [1, 1, 1, 1],
      [2, 2, 2],
      [3, 3, 3, 2_000],
    ].map((toldMs, index) => roundOf({ ...measured, answerMs: 10 * index, toldMs }));
    expect(summaryOf(rounds)).toMatchObject({ answerMs: 15, p50: 2.5, max: Infinity, inASecond: 3, notTold: 1 });
  });

  it('needs a round', () => {
    expect(() => summaryOf([])).toThrow('there is no round');
  });
});

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('of %d is the smallest value that this share does not exceed', (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });
});
