import { beforeEach, describe, expect, it } from 'vitest';
import { logLines } from '../../test/builders/log-lines.ts';
import { fakeSession, fakeStreams } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Drain } from './drain.ts';

describe('Drain', () => {
  let clock: VirtualClock;
  let streams: ReturnType<typeof fakeStreams>;
  let drain: Drain;
  let isOver: boolean;
  let log: ReturnType<typeof logLines>;
  /** How many sessions there are when the events are flushed. */
  let flushed: number[];
  /** Whether clients are sent away, and when that changed. */
  let told: [boolean, number][];
  /** Resolves when the other pods know the names that are free. */
  let namesTold: Promise<void>;

  beforeEach(() => {
    clock = new VirtualClock();
    streams = fakeStreams();
    flushed = [];
    told = [];
    namesTold = Promise.resolve();
    routedFor(5_000);
    isOver = false;
  });

  function routedFor(routedMs: number): void {
    const { registry, terminator } = streams;
    log = logLines();
    drain = new Drain({
      registry,
      terminator,
      flushEvents: async () => void flushed.push(streams.sessions.size),
      namesTold: () => namesTold,
      routedMs,
      clock,
      log: log.log,
    });
    drain.onSendAway((sendsAway) => told.push([sendsAway, clock.monotonic()]));
  }

  function start(timeoutMs: number): void {
    void drain.start(timeoutMs).then(() => {
      isOver = true;
    });
    expect([drain.draining, drain.refuses]).toEqual([true, true]);
  }

  const causes = (): unknown[] => streams.ended.map(({ cause }) => cause);

  it('ends at once without streams if no clients are routed here', async () => {
    routedFor(0);
    start(60_000);
    expect(told).toEqual([[true, 0]]);
    await clock.advance(0);
    expect(isOver).toBe(true);
  });

  it('refuses publications at once, and sends clients away once they are no longer routed here', async () => {
    streams.add();
    await clock.advance(1_000);
    start(60_000);
    await clock.advance(4_999);
    expect([drain.sendsAway, told]).toEqual([false, []]);
    start(60_000);
    await clock.advance(1);
    expect([drain.sendsAway, told]).toEqual([true, [[true, 6_000]]]);
    await clock.advance(60_000);
    expect([isOver, told.length, clock.pending]).toEqual([true, 1, 0]);
  });

  it('sends clients away from a pod that is to be removed when its probes have failed too', async () => {
    drain.cordoned = true;
    expect([drain.refuses, drain.sendsAway]).toEqual([true, false]);
    await clock.advance(9_000);
    drain.cordoned = true;
    await clock.advance(1_000);
    expect(told).toEqual([[true, 10_000]]);
    drain.cordoned = false;
    expect([drain.refuses, told.at(-1)]).toEqual([false, [false, 10_000]]);
    drain.cordoned = true;
    await clock.advance(9_999);
    drain.cordoned = false;
    await clock.advance(60_000);
    expect([told.length, clock.pending]).toEqual([2, 0]);
  });

  it('that follows a cordon is not delayed by it, and is not taken back', async () => {
    streams.add();
    drain.cordoned = true;
    await clock.advance(1_000);
    start(60_000);
    drain.cordoned = false;
    await clock.advance(5_000);
    expect([drain.refuses, told]).toEqual([true, [[true, 6_000]]]);
    await clock.advance(60_000);
    expect([isOver, told.length]).toEqual([true, 1]);
  });

  it('keeps serving for the minimum time, even without streams', async () => {
    start(60_000);
    await clock.advance(4_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
  });

  it('waits for a stream that started during the minimum time', async () => {
    start(60_000);
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
    start(6_000);
    await clock.advance(5_999);
    expect(causes()).toEqual([]);
    await clock.advance(1);
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['drain']]);
  });

  it('ends at the timeout even if the minimum time is longer', async () => {
    streams.add();
    start(1_000);
    await clock.advance(1_000);
    await clock.advance(0);
    expect([isOver, causes()]).toEqual([true, ['drain']]);
  });

  it('does not wait for sessions without streams, and ends all sessions before it flushes the events', async () => {
    streams.sessions.add(fakeSession());
    const stream = streams.add({ session: fakeSession() });
    routedFor(0);
    start(60_000);
    await clock.advance(1_000);
    expect(streams.sessions.size).toBe(2);
    await streams.terminator.end(stream, 'client');
    await clock.advance(0);
    expect([isOver, flushed, streams.endedSessions.map(({ cause }) => cause)]).toEqual([true, [0], ['drain', 'drain']]);
  });

  it('is over when other pods know that the names of its streams are free', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    namesTold = promise;
    routedFor(0);
    streams.add();
    start(1_000);
    await clock.advance(2_000);
    expect([isOver, causes()]).toEqual([false, ['drain']]);
    resolve();
    await clock.advance(0);
    expect(isOver).toBe(true);
  });

  it.each([5_000, 0])('ends at once when it is hurried, with clients routed here for %s ms', async (routedMs) => {
    routedFor(routedMs);
    streams.add();
    start(60_000);
    await clock.advance(100);
    drain.hurry();
    await clock.advance(1);
    await clock.advance(0);
    expect([isOver, causes(), drain.sendsAway, clock.pending]).toEqual([true, ['drain'], true, 0]);
    expect(log.lines().map(({ msg, streams: count, timeoutMs }) => [msg, count ?? null, timeoutMs ?? null])).toEqual([
      ['draining: no new publications', 1, 60_000],
      ['not waiting for streams: ending the remaining streams', 1, null],
      ['drained', null, null],
    ]);
  });
});
