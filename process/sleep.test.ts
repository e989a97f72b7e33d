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

  it('lasts for the given time', async () => {
    const clock = new VirtualClock();
    const sleeping = sleep(clock, 1_000, new AbortController().signal);
    await clock.advance(999);
    expect(await isOver(sleeping)).toBe(false);
    await clock.advance(1);
    expect([await isOver(sleeping), clock.pending]).toEqual([true, 0]);
  });

  it('ends when its signal aborts, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const stopped = new AbortController();
    const sleeping = sleep(clock, 1_000, stopped.signal);
    stopped.abort();
    expect([await isOver(sleeping), clock.pending]).toEqual([true, 0]);
  });

  it('does not start if its signal has already aborted', async () => {
    const clock = new VirtualClock();
    expect([await isOver(sleep(clock, 1_000, AbortSignal.abort())), clock.pending]).toEqual([true, 0]);
  });
});
