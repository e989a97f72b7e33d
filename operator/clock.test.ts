import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../test/builders/virtual-clock.ts';
import { sleep, systemClock } from './clock.ts';

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

describe('systemClock', () => {
  it('runs what it is told to, unless that is cancelled', async () => {
    const run: string[] = [];
    systemClock.setTimeout(() => run.push('cancelled'), 1).cancel();
    // What a server says in Retry-After may be longer than what a timer of Node takes.
    const far = systemClock.setTimeout(() => run.push('at once'), 2 ** 31);
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
    far.cancel();
    expect(run).toEqual([]);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
    const chance = systemClock.random();
    expect(chance >= 0 && chance < 1).toBe(true);
  });
});
