import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../process/logger.ts';
import { fakeSession, fakeStreams } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Drain, type DrainTimes } from './drain.ts';

describe('Drain', () => {
  let clock: VirtualClock;
  let streams: ReturnType<typeof fakeStreams>;
  let drain: Drain;
  let isOver: boolean;
  /** How many sessions there are when the events are flushed. */
  let flushed: number[];
  /** Resolves when the other pods know the names that are free. */
  let told: Promise<void>;

  beforeEach(() => {
    clock = new VirtualClock();
    streams = fakeStreams();
    const { registry, terminator } = streams;
    flushed = [];
    told = Promise.resolve();
    drain = new Drain({
      registry,
      terminator,
      flushEvents: async () => void flushed.push(streams.sessions.size),
      namesTold: () => told,
      clock,
      log: createLogger('silent'),
    });
    isOver = false;
  });

  function start(times: DrainTimes): void {
    void drain.start(times).then(() => {
      isOver = true;
    });
    expect(drain.draining).toBe(true);
  }

  const causes = (): unknown[] => streams.ended.map(({ cause }) => cause);

  it('ends at once without streams if no clients are routed here', async () => {
    start({ timeoutMs: 60_000, leastMs: 0 });
    await clock.advance(0);
    expect(isOver).toBe(true);
  });

  it('tells when new publications go elsewhere, and when they no longer do', async () => {
    const told: boolean[] = [];
    drain.onChange((refuses) => told.push(refuses));
    for (const cordoned of [false, true, true, false, true]) drain.cordoned = cordoned;
    expect(told).toEqual([true, false, true]);
    start({ timeoutMs: 60_000, leastMs: 5_000 });
    drain.cordoned = false;
    await clock.advance(60_000);
    expect([told, drain.refuses]).toEqual([[true, false, true], true]);
  });

  it('tells once that it starts', async () => {
    const told: boolean[] = [];
    drain.onChange((refuses) => told.push(refuses));
    start({ timeoutMs: 60_000, leastMs: 5_000 });
    start({ timeoutMs: 60_000, leastMs: 5_000 });
    await clock.advance(60_000);
    expect(told).toEqual([true]);
  });

  it('keeps serving for the minimum time, even without streams', async () => {
    start({ timeoutMs: 60_000, leastMs: 5_000 });
    await clock.advance(4_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
  });

  it('waits for a stream that started during the minimum time', async () => {
    start({ timeoutMs: 60_000, leastMs: 5_000 });
    await clock.advance(4_000);
    const stream = streams.add();
    await clock.advance(50_000);
    expect(isOver).toBe(false);
    await streams.terminator.end(stream, 'disconnect');
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['disconnect']]);
  });

  it('ends the remaining streams at the timeout, which includes the minimum time', async () => {
    streams.add();
    start({ timeoutMs: 6_000, leastMs: 5_000 });
    await clock.advance(5_999);
    expect(causes()).toEqual([]);
    await clock.advance(1);
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['drain']]);
  });

  it('ends at the timeout even if the minimum time is longer', async () => {
    streams.add();
    start({ timeoutMs: 1_000, leastMs: 5_000 });
    await clock.advance(1_000);
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['drain']]);
  });

  it('does not wait for sessions without streams, and ends all sessions before it flushes the events', async () => {
    streams.sessions.add(fakeSession());
    const stream = streams.add({ session: fakeSession() });
    start({ timeoutMs: 60_000, leastMs: 0 });
    await clock.advance(1_000);
    expect(streams.sessions.size).toBe(2);
    await streams.terminator.end(stream, 'client');
    await clock.advance(0);
    expect([isOver, flushed, streams.endedSessions.map(({ cause }) => cause)]).toEqual([true, [0], ['drain', 'drain']]);
  });

  it('is over when other pods know that the names of its streams are free', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    told = promise;
    streams.add();
    start({ timeoutMs: 1_000, leastMs: 0 });
    await clock.advance(2_000);
    expect([isOver, causes()]).toEqual([false, ['drain']]);
    resolve();
    await clock.advance(0);
    expect(isOver).toBe(true);
  });

  it.each([5_000, 0])('ends at once when it is hurried', async (leastMs) => {
    streams.add();
    start({ timeoutMs: 60_000, leastMs });
    await clock.advance(100);
    drain.hurry();
    await clock.advance(1);
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['drain']]);
  });
});
