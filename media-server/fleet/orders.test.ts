import { beforeEach, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Orders } from './orders.ts';

let clock: VirtualClock;
let orders: Orders;
beforeEach(() => {
  clock = new VirtualClock();
  orders = new Orders(clock);
});

/** Waits 300 ms at most, and notes when the wait was over. */
function waiting(id: string): { over: number | null } {
  const seen: { over: number | null } = { over: null };
  void orders.wait(id, 300).then(() => {
    seen.over = clock.monotonic();
  });
  return seen;
}

describe('an order', () => {
  it('that was carried out is not waited for', async () => {
    orders.carriedOut('a');
    const seen = waiting('a');
    await settle();
    expect([seen.over, clock.pending]).toEqual([0, 0]);
  });

  it('is waited for until it is carried out', async () => {
    const seen = waiting('a');
    await clock.advance(100);
    orders.carriedOut('b');
    await settle();
    expect(seen.over).toBeNull();
    orders.carriedOut('a');
    await settle();
    expect([seen.over, clock.pending]).toEqual([100, 0]);
  });

  it('that never comes is not waited for any longer', async () => {
    const seen = waiting('a');
    await clock.advance(1_000);
    expect(seen.over).toBe(300);
  });
});
