import { beforeEach, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import { WorkQueue } from './workqueue.ts';

describe('WorkQueue', () => {
  let clock: VirtualClock;
  let observed: { added: number; retried: number; waited: number[] };
  let queue: WorkQueue;
  /** The keys that workers got, in order. */
  let given: (string | null)[];

  beforeEach(() => {
    clock = new VirtualClock();
    observed = { added: 0, retried: 0, waited: [] };
    given = [];
    queue = new WorkQueue(clock, {
      added: () => observed.added++,
      retried: () => observed.retried++,
      waited: (seconds) => observed.waited.push(seconds),
    });
  });

  /** Lets a number of workers wait for one key each. */
  async function take(workers = 1): Promise<void> {
    for (let worker = 0; worker < workers; worker++) void queue.next().then((key) => given.push(key));
    await settle();
  }

  it('gives keys in the order they were added, each once however often it was added', async () => {
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.depth).toBe(3);
    await take(4);
    expect([given, queue.depth, observed.added]).toEqual([['a', 'b', 'c'], 0, 3]);
  });

  it('gives a key at once to a worker that waits for one', async () => {
    await take();
    expect(given).toEqual([]);
    queue.add('a');
    await settle();
    expect([given, queue.depth]).toEqual([['a'], 0]);
  });

  it('gives a key that was added while it was worked on again, once, when that work is done', async () => {
    queue.add('a');
    await take(2);
    queue.add('a');
    queue.add('a');
    await settle();
    expect([given, queue.depth]).toEqual([['a'], 0]);
    queue.done('a');
    await settle();
    expect([given, observed.added]).toEqual([['a', 'a'], 2]);
    queue.done('a');
    await take();
    expect(given).toEqual(['a', 'a']);
  });

  it('reports how long a key has waited, including earlier work on it', async () => {
    queue.add('a');
    await clock.advance(1_500);
    await take(2);
    queue.add('a');
    await clock.advance(500);
    queue.done('a');
    await settle();
    expect(observed.waited).toEqual([1.5, 0.5]);
  });

  it('adds a key after a delay', async () => {
    await take();
    queue.addAfter('a', 1_000);
    await clock.advance(999);
    expect(given).toEqual([]);
    await clock.advance(1);
    expect(given).toEqual(['a']);
  });

  it.each([
    ['the second, which is earlier', 2_000, 1_000],
    ['the first, which is earlier', 1_000, 2_000],
    ['either, as they are equal', 1_000, 1_000],
  ])('keeps one of two times for a key: %s', async (_what, firstMs, secondMs) => {
    await take(2);
    queue.addAfter('a', firstMs);
    queue.addAfter('a', secondMs);
    expect(clock.pending).toBe(1);
    await clock.advance(5_000);
    expect(given).toEqual(['a']);
    expect(observed.added).toBe(1);
  });

  it('gives a delayed key at once when it is added', async () => {
    await take();
    queue.addAfter('a', 60_000);
    queue.add('a');
    await settle();
    expect(given).toEqual(['a']);
  });

  it('waits longer after each failure of a key, and resets after a success', async () => {
    const delay = async (): Promise<number> => {
      const before = clock.now();
      queue.retry('a');
      await clock.advanceToNext();
      return clock.now() - before;
    };
    const delays = [await delay(), await delay(), await delay()];
    delays.forEach((ms, failures) => {
      expect(ms).toBeGreaterThanOrEqual((50 * 2 ** failures) / 2);
      expect(ms).toBeLessThanOrEqual(50 * 2 ** failures);
    });
    queue.forget('a');
    expect(await delay()).toBeLessThanOrEqual(50);
    expect(observed.retried).toBe(4);
  });

  it('retries no sooner than the given time', async () => {
    await take();
    queue.retry('a', 30_000);
    await clock.advance(29_999);
    expect(given).toEqual([]);
    await clock.advance(1);
    expect(given).toEqual(['a']);
  });

  it('does not give a failed key to a second worker before the first has finished it', async () => {
    queue.add('a');
    await take(2);
    queue.retry('a');
    await clock.advance(60_000);
    expect(given).toEqual(['a']);
    queue.done('a');
    await settle();
    expect(given).toEqual(['a', 'a']);
  });

  it('releases its workers when it is closed, and leaves no timer behind', async () => {
    queue.addAfter('later', 1_000);
    await take(2);
    queue.close();
    await settle();
    expect([given, clock.pending]).toEqual([[null, null], 0]);
    queue.add('a');
    queue.addAfter('b', 1);
    queue.retry('c');
    await clock.advance(60_000);
    expect([await queue.next(), queue.depth, clock.pending]).toEqual([null, 0, 0]);
  });
});
