import { describe, expect, it } from 'vitest';
import { sleep } from '../process/clock.ts';
import { settle, VirtualClock } from '../test/builders/virtual-clock.ts';

describe('sleep', () => {
  async function isOver(sleeping: Promise<void>): Promise<boolean> {
    let over = false;
    void sleeping.then(() => {
      over = true;
    });
    await settle();
    return over;
  }

  it('lasts as long as it is told', async () => {
    const clock = new VirtualClock();
    const sleeping = sleep(clock, 1_000, new AbortController().signal);
    await clock.advance(999);
    expect(await isOver(sleeping)).toBe(false);
    await clock.advance(1);
    expect([await isOver(sleeping), clock.pending]).toEqual([true, 0]);
  });

  it('ends when it is told to, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const stopped = new AbortController();
    const sleeping = sleep(clock, 1_000, stopped.signal);
    stopped.abort();
    expect([await isOver(sleeping), clock.pending]).toEqual([true, 0]);
  });

  it('does not begin when it was told to end before', async () => {
    const clock = new VirtualClock();
    expect([await isOver(sleep(clock, 1_000, AbortSignal.abort())), clock.pending]).toEqual([true, 0]);
  });
});
