import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import { WorkQueue } from './workqueue.ts';

const KEYS = ['a', 'b', 'c'];

type Step =
  | { readonly kind: 'add' | 'forget'; readonly key: string }
  | { readonly kind: 'addAfter' | 'retry'; readonly key: string; readonly ms: number }
  | { readonly kind: 'finish'; readonly succeeds: boolean }
  | { readonly kind: 'advance'; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const ms = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1_000, max: 90_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('add', 'forget'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('addAfter', 'retry'), key, ms }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('finish'), succeeds: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance'), ms }) },
);

/** Workers that take keys and hold each until told to finish. Records which keys were added and given out. */
class Workshop {
  readonly #clock = new VirtualClock();
  readonly #queue = new WorkQueue(this.#clock);
  /** Keys being processed, oldest first. */
  readonly #held: string[] = [];
  /** Keys that were added and not given out since. */
  readonly #owed = new Set<string>();
  readonly #givenTwice: string[] = [];
  #idle: number;

  constructor(workers: number) {
    this.#idle = workers;
    for (let worker = 0; worker < workers; worker++) this.#take();
  }

  async do(each: Step): Promise<void> {
    switch (each.kind) {
      case 'add':
        this.#owed.add(each.key);
        this.#queue.add(each.key);
        break;
      case 'addAfter':
      case 'retry':
        this.#owed.add(each.key);
        this.#queue[each.kind](each.key, each.ms);
        break;
      case 'forget':
        this.#queue.forget(each.key);
        break;
      case 'finish':
        this.#finish(each.succeeds);
        break;
      case 'advance':
        await this.#clock.advance(each.ms);
        break;
      default:
        each satisfies never;
    }
    await settle();
    expect(this.#givenTwice).toEqual([]);
    // A key waits only while every worker is busy.
    expect(this.#queue.depth === 0 || this.#idle === 0).toBe(true);
  }

  /** Finishes all work. Returns the keys that were lost. */
  async finishAll(): Promise<Set<string>> {
    for (let quiet = 0; quiet < 2; quiet = this.#held.length === 0 && this.#clock.pending === 0 ? quiet + 1 : 0) {
      await this.#clock.advance(120_000);
      while (this.#held.length > 0) {
        this.#finish(true);
        await settle();
      }
    }
    this.#queue.close();
    await settle();
    return this.#owed;
  }

  #take(): void {
    void this.#queue.next().then((given) => {
      if (given === null) return;
      if (this.#held.includes(given)) this.#givenTwice.push(given);
      this.#idle--;
      this.#held.push(given);
      this.#owed.delete(given);
    });
  }

  #finish(succeeds: boolean): void {
    const done = this.#held.shift();
    if (done === undefined) return;
    if (succeeds) this.#queue.forget(done);
    else {
      this.#owed.add(done);
      this.#queue.retry(done);
    }
    this.#idle++;
    this.#queue.done(done);
    this.#take();
  }
}

it('no key is given to two workers, and no added key is lost', async () => {
  const histories = fc.record({ workers: fc.integer({ min: 1, max: 4 }), steps: fc.array(step, { maxLength: 60 }) });
  await fc.assert(
    fc.asyncProperty(histories, async ({ steps, workers }) => {
      const workshop = new Workshop(workers);
      for (const each of steps) await workshop.do(each);
      expect(await workshop.finishAll()).toEqual(new Set());
    }),
    { numRuns: 500 },
  );
});
