import { describe, expect, it } from 'vitest';
import { MessageRate } from './message-rate.ts';

const sent = (rate: MessageRate, messages: number, at: number): number =>
  Array.from({ length: messages }).filter(() => rate.allows(at, 100)).length;

describe('MessageRate', () => {
  it('allows a burst, then 50 messages a second', () => {
    const rate = new MessageRate(0);
    expect(sent(rate, 300, 0)).toBe(200);
    expect(sent(rate, 300, 1000)).toBe(50);
    expect(sent(rate, 1, 1010)).toBe(0);
    expect(sent(rate, 2, 1020)).toBe(1);
  });

  it('counts a message of 256 KiB as 64', () => {
    const rate = new MessageRate(0);
    expect([1, 2, 3, 4].map(() => rate.allows(0, 256 * 1024))).toEqual([true, true, true, false]);
  });

  it('counts a message that many receive by their number', () => {
    const rate = new MessageRate(0);
    const passedOn = (at: number, times: number): number =>
      Array.from({ length: 300 }).filter(() => rate.allows(at, 100, times)).length;
    expect([passedOn(0, 10), passedOn(1_000, 10), passedOn(2_000, 0.5)]).toEqual([20, 5, 100]);
    expect([rate.allows(3_000, 100, 1_000), rate.allows(6_000, 100, 1_000)]).toEqual([false, true]);
  });

  it('saves up no more than a burst', () => {
    const rate = new MessageRate(0);
    expect(sent(rate, 300, 1_000_000)).toBe(200);
  });
});
