import { beforeEach, describe, expect, it } from 'vitest';
import { logLines } from '../../test/builders/log-lines.ts';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Controller, type ReconcileOutcome, type Result } from './controller.ts';

class Quiet extends Error {}
class Busy extends Error {}

describe('Controller', () => {
  let clock: VirtualClock;
  let logged: ReturnType<typeof logLines>;
  let observed: [ReconcileOutcome, number][];
  let reconciled: { key: string; at: number }[];
  let reconcile: (key: string) => Promise<Result>;

  beforeEach(() => {
    clock = new VirtualClock();
    logged = logLines();
    [observed, reconciled] = [[], []];
    reconcile = async () => ({});
  });

  function controllerOf(workers = 1): Controller {
    const startedAt = clock.now();
    const options = {
      name: 'mediaserver',
      workers,
      reconcile: (key: string) => {
        reconciled.push({ key, at: clock.now() - startedAt });
        return reconcile(key);
      },
    };
    return new Controller(options, {
      clock,
      log: logged.log,
      observe: (outcome, seconds) => observed.push([outcome, seconds]),
      classify: (error) => ({ quiet: error instanceof Quiet, retryAfterMs: error instanceof Busy ? 30_000 : 0 }),
    });
  }

  /** A started controller with these keys in its queue. */
  async function working(keys: readonly string[], workers = 1): Promise<Controller> {
    const controller = controllerOf(workers);
    controller.start();
    await enqueue(controller, ...keys);
    return controller;
  }

  async function enqueue(controller: Controller, ...keys: readonly string[]): Promise<void> {
    for (const key of keys) controller.enqueue(key);
    await settle();
  }

  const takes = (ms: number) => () => new Promise<Result>((resolve) => clock.setTimeout(() => resolve({}), ms));

  it('waits for the next change after a success', async () => {
    await working(['media/live']);
    await clock.advance(3_600_000);
    expect(reconciled).toEqual([{ key: 'media/live', at: 0 }]);
    expect(observed).toEqual([['success', 0]]);
    expect(clock.pending).toBe(0);
  });

  it('reconciles again when a result asks for it', async () => {
    reconcile = async () => ({ requeueAfterMs: 60_000 });
    await working(['a']);
    await clock.advance(120_000);
    expect(reconciled.map(({ at }) => at)).toEqual([0, 60_000, 120_000]);
    expect(observed).toEqual([
      ['requeue_after', 0],
      ['requeue_after', 0],
      ['requeue_after', 0],
    ]);
  });

  it('backs off after errors, logs each one with its object, and resets after a success', async () => {
    let failures = 3;
    reconcile = async () => {
      if (failures-- > 0) throw new Error('the API server is gone');
      return {};
    };
    const controller = await working(['media/live']);
    await clock.advance(60_000);
    const [first = 0, second = 0, third = 0, fourth = 0] = reconciled.map(({ at }) => at);
    expect(reconciled).toHaveLength(4);
    expect(second - first).toBeLessThanOrEqual(50);
    expect(third - second).toBeGreaterThan(second - first);
    expect(fourth - third).toBeGreaterThan(third - second);
    expect(observed.map(([outcome]) => outcome)).toEqual(['error', 'error', 'error', 'success']);
    const line = {
      level: 'error',
      controller: 'mediaserver',
      object: 'media/live',
      msg: 'reconcile failed and will be retried',
      err: { type: 'Error', message: 'the API server is gone' },
    };
    expect(logged.lines()).toMatchObject([line, line, line]);

    failures = 1;
    const before = clock.now();
    await enqueue(controller, 'media/live');
    await clock.advanceToNext();
    expect(clock.now() - before).toBeLessThanOrEqual(50);
    expect(reconciled).toHaveLength(6);
  });

  it('retries a quiet error without logging it', async () => {
    reconcile = async () => Promise.reject(new Quiet());
    await working(['a']);
    await clock.advance(100);
    expect(reconciled.length).toBeGreaterThan(1);
    expect(logged.text).toEqual([]);
    expect(observed[0]).toEqual(['error', 0]);
  });

  it('retries no sooner than the error allows', async () => {
    reconcile = async () => Promise.reject(new Busy());
    await working(['a']);
    await clock.advance(30_000);
    expect(reconciled.map(({ at }) => at)).toEqual([0, 30_000]);
  });

  it('works on one key per worker at a time, and never twice on the same key', async () => {
    reconcile = takes(1_000);
    const controller = await working(['a', 'b', 'c', 'a'], 2);
    await clock.advance(500);
    await enqueue(controller, 'a');
    expect([reconciled.map(({ key }) => key), controller.depth]).toEqual([['a', 'b'], 1]);
    await clock.advance(2_000);
    expect(reconciled).toEqual([
      { key: 'a', at: 0 },
      { key: 'b', at: 0 },
      { key: 'c', at: 1_000 },
      { key: 'a', at: 1_000 },
    ]);
  });

  it('measures how long a reconcile takes', async () => {
    reconcile = takes(1_500);
    await working(['a']);
    await clock.advance(1_500);
    expect(observed).toEqual([['success', 1.5]]);
  });

  it('keeps keys that are added before it starts', async () => {
    const controller = controllerOf();
    await enqueue(controller, 'a');
    expect([reconciled, controller.depth]).toEqual([[], 1]);
    controller.start();
    await settle();
    expect(reconciled).toEqual([{ key: 'a', at: 0 }]);
  });

  it('stops when the work in flight is finished, and starts no more', async () => {
    reconcile = takes(1_000);
    const controller = await working(['a', 'b']);
    let isStopped = false;
    const stopped = controller.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    await stopped;
    expect([reconciled, clock.pending]).toEqual([[{ key: 'a', at: 0 }], 0]);
  });
});
