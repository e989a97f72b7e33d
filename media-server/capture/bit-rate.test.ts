import { describe, expect, it } from 'vitest';
import { BitRate } from './bit-rate.ts';

/** Adds 1,000 bytes every 40 ms, which is 200 kbit/s, from one time to another. */
function send(rate: BitRate, fromMs: number, toMs: number): void {
  for (let at = fromMs; at < toMs; at += 40) rate.add(1_000, at);
}

describe('BitRate', () => {
  it('is unknown until a whole window has passed', () => {
    const rate = new BitRate();
    expect(rate.at(60_000)).toBe(null);
    send(rate, 60_000, 69_960);
    expect(rate.at(69_999)).toBe(null);
    send(rate, 69_960, 70_000);
    expect(rate.at(70_000)).toBe(200_000);
  });

  it('is that of the last whole window', () => {
    const rate = new BitRate();
    send(rate, 0, 10_000);
    // Twice as much.
    send(rate, 10_000, 20_000);
    send(rate, 10_000, 20_000);
    expect(rate.at(15_000)).toBe(200_000);
    expect(rate.at(20_000)).toBe(400_000);
  });

  it('falls when packets are missing, also if nobody asks meanwhile', () => {
    const rate = new BitRate();
    send(rate, 0, 10_000);
    expect(rate.at(10_000)).toBe(200_000);
    send(rate, 10_000, 15_000);
    expect(rate.at(20_000)).toBe(100_000);
    expect(rate.at(50_000)).toBe(0);
  });
});
