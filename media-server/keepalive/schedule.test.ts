import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import type { HookReply } from '../hooks/session-hooks.ts';
import type { KeepAlivePolicy, PolicyDecision } from './policy.ts';
import { KeepAlive, type KeepAliveDeps, type KeepAliveSubject } from './schedule.ts';

type Asked = {
  readonly id: string;
  readonly at: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  answer(reply: HookReply): Promise<void>;
};

const reply = (status: number, retryAfterMs: number | null = null): HookReply => ({
  kind: 'status',
  status,
  retryAfterMs,
  body: '',
});
const OK = reply(200);
const backend = { name: 'backend', maxConnections: 1_000 };
const POLICY: KeepAlivePolicy = {
  intervalMs: 10_000,
  timeoutMs: 5_000,
  failureThreshold: 0,
  restOnError: 'FAIL',
  backend,
};
const NOT_CHECKED: PolicyDecision = { checked: false, reason: 'ServerDisabled' };

function setUp(overrides: Partial<KeepAliveDeps<KeepAliveSubject>> = {}) {
  const clock = new VirtualClock();
  const asked: Asked[] = [];
  const told: string[] = [];
  const world = { decision: checked({}), clock, asked, told, last: (): Asked => lastOf(asked) };
  const lines: string[] = [];
  const loop: KeepAlive<KeepAliveSubject> = new KeepAlive<KeepAliveSubject>({
    clock,
    log: pino({}, { write: (line) => lines.push(line) }),
    policyOf: () => world.decision,
    ask: ({ id }, { signal, timeoutMs }) =>
      new Promise((resolve) => {
        const answer = (with_: HookReply) => {
          resolve(with_);
          return settle();
        };
        asked.push({ id, at: clock.monotonic(), timeoutMs, signal, answer });
      }),
    end: (subject, cause, orderedAt) => {
      told.push(`${subject.id} ${cause} ${orderedAt}`);
      loop.remove(subject);
    },
    onResult: ({ id }, result) => told.push(`${id} ${result}`),
    ...overrides,
  });
  return Object.assign(world, { loop, lines });
}

function checked(policy: Partial<KeepAlivePolicy>): PolicyDecision {
  return { checked: true, policy: { ...POLICY, ...policy }, warning: null };
}

function lastOf(asked: readonly Asked[]): Asked {
  const last = asked.at(-1);
  if (!last) throw new Error('nothing was asked');
  return last;
}

const a = { id: 'a' };
const b = { id: 'b' };

/** Runs until the first check. */
async function firstCheck(world: ReturnType<typeof setUp>): Promise<Asked> {
  world.loop.add(a);
  await world.clock.advanceToNext();
  return world.last();
}

describe('the schedule', () => {
  it('checks once per interval, however long an answer takes', async () => {
    const world = setUp();
    const first = await firstCheck(world);
    for (let i = 0; i < 5; i++) {
      await world.clock.advance(4_000);
      await world.last().answer(OK);
      await world.clock.advance(6_000);
    }
    expect(world.asked.map(({ at }) => at - first.at)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
  });

  it('spreads streams that start at the same time over one interval', async () => {
    const world = setUp();
    for (let i = 0; i < 1_000; i++) world.loop.add({ id: String(i) });
    await world.clock.advance(10_000);
    const perSecond = Array.from({ length: 10 }, (_, second) =>
      world.asked.filter(({ at }) => Math.floor(at / 1_000) === second),
    );
    expect(world.asked).toHaveLength(1_000);
    for (const { length } of perSecond) expect(length).toBeGreaterThan(50);
  });

  it('checks again at once after a check that took longer than the interval, and reports the lag', async () => {
    const world = setUp();
    world.decision = checked({ timeoutMs: 60_000 });
    const first = await firstCheck(world);
    await world.clock.advance(10_000);
    expect(world.loop.stats().overdueSeconds).toBe(0);
    await world.clock.advance(3_000);
    expect(world.loop.stats()).toEqual({ subjects: 1, armed: 0, checking: 1, overdueSeconds: 3 });
    await world.last().answer(OK);
    await world.clock.advance(0);
    expect(world.asked.map(({ at }) => at - first.at)).toEqual([0, 13_000]);
  });

  it('is delayed by Retry-After, by at most one interval', async () => {
    const world = setUp();
    const first = await firstCheck(world);
    await world.clock.advance(1_000);
    await first.answer(reply(503, 3_600_000));
    await world.clock.advance(9_999);
    expect(world.asked).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.asked).toHaveLength(2);
  });

  it('ignores the Retry-After of a successful check', async () => {
    const world = setUp();
    const first = await firstCheck(world);
    await world.clock.advance(1_000);
    await first.answer(reply(200, 3_600_000));
    await world.clock.advance(9_000);
    expect(world.asked).toHaveLength(2);
  });

  it('checks a stream that was added twice only once', async () => {
    const world = setUp();
    world.loop.add(a);
    world.loop.add(a);
    expect({ stats: world.loop.stats().subjects, timers: world.clock.pending }).toEqual({ stats: 1, timers: 1 });
  });

  it('does not fire at once for an interval beyond the maximum of a timer', async () => {
    const world = setUp();
    world.decision = checked({ intervalMs: 2 ** 33 });
    world.loop.add(a);
    await world.clock.advance(60_000);
    expect(world.asked).toEqual([]);
  });
});

describe('the effect of an answer', () => {
  it('ends the stream of a 403 at the time of the answer, and sends no further check', async () => {
    const world = setUp();
    world.loop.add(b);
    const check = await firstCheck(world);
    const other = check.id === 'a' ? b : a;
    await world.clock.advance(10);
    await check.answer(reply(403));
    expect(world.told).toEqual([`${check.id} keepalive ${check.at + 10}`, `${check.id} refused`]);
    expect(world.loop.state({ ...a, ...check })).toBeNull();
    expect(world.loop.state(other)).not.toBeNull();
    await world.clock.advance(10_000);
    expect(world.asked.slice(1).every(({ id }) => id === other.id)).toBe(true);
  });

  it('ends a stream after failureThreshold failures in a row; a success in between resets the count', async () => {
    const world = setUp();
    world.decision = checked({ failureThreshold: 3 });
    await firstCheck(world);
    for (const status of [500, 401, 200, 500, 502, 404]) {
      await world.last().answer(reply(status));
      await world.clock.advance(10_000);
    }
    expect(world.told.filter((line) => line.includes('keepalive_failure'))).toHaveLength(1);
    expect(world.asked).toHaveLength(6);
  });

  it('does not count the failures of a backend that was replaced', async () => {
    const world = setUp();
    world.decision = checked({ failureThreshold: 2 });
    const first = await firstCheck(world);
    await first.answer(reply(500));
    await world.clock.advance(10_000);
    world.decision = checked({ failureThreshold: 2, backend: { ...backend } });
    world.loop.refresh();
    await world.last().answer(reply(500));
    await world.clock.advance(10_000);
    await world.last().answer(reply(500));
    expect(world.told).toEqual(['a failed', 'a failed', 'a failed']);
    await world.clock.advance(10_000);
    await world.last().answer(reply(500));
    expect(world.told.at(-1)).toBe('a failed_ended');
  });

  it('aborts the call of a stream that has ended, and ignores its answer', async () => {
    const world = setUp();
    const check = await firstCheck(world);
    world.loop.remove(a);
    expect(check.signal.aborted).toBe(true);
    await check.answer(reply(403));
    expect({ told: world.told, timers: world.clock.pending }).toEqual({ told: [], timers: 0 });
  });

  it('does not abort a call that has returned, so that its connection is kept', async () => {
    const world = setUp();
    const check = await firstCheck(world);
    await check.answer(OK);
    expect(check.signal.aborted).toBe(false);
  });

  it('ignores a late answer after keep-alive was switched off and on again', async () => {
    const world = setUp();
    const check = await firstCheck(world);
    world.decision = NOT_CHECKED;
    world.loop.refresh();
    world.decision = checked({});
    world.loop.refresh();
    await check.answer(reply(403));
    expect({ told: world.told, timers: world.clock.pending }).toEqual({ told: [], timers: 1 });
    expect(world.loop.state(a)).toBe('armed');
  });
});

describe('a stream is never lost', () => {
  it('abandons a call that never returns', async () => {
    const world = setUp();
    const check = await firstCheck(world);
    await world.clock.advance(5_999);
    expect(world.loop.state(a)).toBe('checking');
    await world.clock.advance(1);
    expect(world.loop.state(a)).toBe('armed');
    expect(check.signal.aborted).toBe(true);
    expect(world.told).toEqual(['a failed']);
    await check.answer(reply(403));
    await world.clock.advance(4_000);
    expect(world.told).toEqual(['a failed']);
    expect(world.asked).toHaveLength(2);
  });

  it.each([
    [
      'thrown',
      () => {
        throw new Error('thrown');
      },
    ],
    ['rejected', () => Promise.reject(new Error('rejected'))],
  ])('counts an error that is %s as a failed check', async (_how, ask) => {
    const world = setUp({ ask });
    world.loop.add(a);
    await world.clock.advance(30_000);
    expect(world.told).toEqual(['a failed', 'a failed', 'a failed']);
    expect(world.loop.state(a)).toBe('armed');
  });

  it('ends a stream even if metrics throw, and checks it again if ending it fails', async () => {
    const ended: string[] = [];
    const throws = () => {
      throw new Error('thrown');
    };
    const world = setUp({
      onResult: throws,
      end: ({ id }) => {
        ended.push(id);
        throw new Error('thrown');
      },
    });
    const first = await firstCheck(world);
    await first.answer(reply(403));
    await world.clock.advance(10_000);
    await world.last().answer(reply(403));
    expect(ended).toEqual(['a', 'a']);
    expect(world.loop.state(a)).toBe('armed');
    expect(world.lines).toHaveLength(4);
  });

  it('continues when logging throws', async () => {
    const broken = pino(
      {},
      {
        write: () => {
          throw new Error('disk full');
        },
      },
    );
    const world = setUp({ log: broken, ask: () => Promise.reject(new Error('rejected')) });
    world.loop.add(a);
    await world.clock.advance(20_000);
    expect(world.told).toEqual(['a failed', 'a failed']);
  });

  it('requests the policy of a new stream again when it cannot be determined', async () => {
    let broken = true;
    const world = setUp({
      policyOf: () => {
        if (broken) throw new Error('thrown');
        return checked({});
      },
    });
    world.loop.add(a);
    expect(world.loop.state(a)).toBe('armed');
    await world.clock.advance(5_000);
    expect({ state: world.loop.state(a), asked: world.asked }).toEqual({ state: 'armed', asked: [] });
    broken = false;
    await world.clock.advance(11_000);
    expect(world.asked).toHaveLength(1);
  });

  it('keeps the previous policy when a reload cannot determine the new one', async () => {
    let broken = false;
    const world = setUp({
      policyOf: () => {
        if (broken) throw new Error('thrown');
        return checked({});
      },
    });
    world.loop.add(a);
    broken = true;
    world.loop.refresh();
    await world.clock.advance(10_000);
    expect(world.asked).toHaveLength(1);
  });
});

describe('a backend with too few connections', () => {
  const few = { backend: { name: 'backend', maxConnections: 2 } };

  it('gets at most maxConnections calls at a time, oldest due first, also after the process was paused', async () => {
    const world = setUp();
    world.decision = checked(few);
    const subjects = Array.from({ length: 8 }, (_, i) => ({ id: String(i) }));
    const due = new Map<string, number>();
    const random = world.clock.random.bind(world.clock);
    let chance = 0;
    world.clock.random = () => {
      chance = random();
      return chance;
    };
    for (const subject of subjects) {
      world.loop.add(subject);
      due.set(subject.id, 10_000 * (1 - chance));
    }
    await world.clock.stall(20_000);
    expect(world.asked).toHaveLength(2);
    for (let i = 0; i < 8; i++) await world.asked[i]?.answer(OK);
    const waited = world.asked.slice(2, 8).map(({ id }) => due.get(id) ?? 0);
    expect(waited).toEqual([...waited].sort((x, y) => x - y));
    expect(new Set(world.asked.slice(0, 8).map(({ id }) => id)).size).toBe(8);
  });

  it('is reported as saturated once a check waits longer than its timeout', async () => {
    const world = setUp();
    world.decision = checked({ ...few, timeoutMs: 20_000 });
    for (let i = 0; i < 3; i++) world.loop.add({ id: String(i) });
    await world.clock.stall(10_000);
    expect(world.loop.backends()).toEqual([{ hook: 'backend', sent: 2, waiting: 1, saturated: false }]);
    await world.clock.stall(20_000);
    expect(world.loop.backends()).toEqual([{ hook: 'backend', sent: 2, waiting: 1, saturated: true }]);
    expect(world.loop.stats().overdueSeconds).toBeGreaterThanOrEqual(20);
  });

  it('hands its waiting checks over to the new backend after a reload', async () => {
    const world = setUp();
    world.decision = checked({ backend: { name: 'old', maxConnections: 1 } });
    world.loop.add(a);
    world.loop.add(b);
    await world.clock.stall(10_000);
    expect(world.asked).toHaveLength(1);
    world.decision = checked({ backend: { name: 'new', maxConnections: 1 } });
    world.loop.refresh();
    expect(world.asked.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(world.loop.backends().map(({ hook }) => hook)).toEqual(['old', 'new']);
  });
});

describe('a reload', () => {
  it('with a shorter interval takes effect within it, spreads checks, and does not move nearer ones', async () => {
    const world = setUp();
    world.decision = checked({ intervalMs: 60_000 });
    for (let i = 0; i < 600; i++) world.loop.add({ id: String(i) });
    world.decision = checked({ intervalMs: 6_000 });
    world.loop.refresh();
    world.loop.refresh();
    await world.clock.advance(6_000);
    expect(world.asked).toHaveLength(600);
    const perSecond = Array.from(
      { length: 6 },
      (_, second) => world.asked.filter(({ at }) => Math.floor(at / 1_000) === second).length,
    );
    for (const count of perSecond) expect(count).toBeLessThan(200);
  });

  it('with a longer interval keeps the next checks, then continues at the new pace', async () => {
    const world = setUp();
    world.decision = checked({ intervalMs: 2_000, timeoutMs: 2_000 });
    const first = await firstCheck(world);
    await first.answer(OK);
    world.decision = checked({ intervalMs: 30_000 });
    world.loop.refresh();
    await world.clock.advance(2_000);
    await world.last().answer(OK);
    await world.clock.advance(29_999);
    expect(world.asked).toHaveLength(2);
    await world.clock.advance(1);
    expect(world.asked).toHaveLength(3);
  });

  it('without changes moves no check', async () => {
    const world = setUp();
    const first = await firstCheck(world);
    await first.answer(OK);
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(999);
      world.loop.refresh();
    }
    await world.clock.advance(10);
    expect(world.asked.map(({ at }) => at - first.at)).toEqual([0, 10_000]);
  });

  it('stops and starts the checks of live streams', async () => {
    const world = setUp();
    world.decision = NOT_CHECKED;
    world.loop.add(a);
    world.loop.add(b);
    expect({ stats: world.loop.stats(), timers: world.clock.pending }).toEqual({
      stats: { subjects: 0, armed: 0, checking: 0, overdueSeconds: 0 },
      timers: 0,
    });
    world.decision = checked({});
    world.loop.refresh();
    expect(world.loop.stats().armed).toBe(2);
    await world.clock.advance(10_000);
    expect(world.asked).toHaveLength(2);
    world.decision = NOT_CHECKED;
    world.loop.refresh();
    expect(world.asked.every(({ signal }) => signal.aborted)).toBe(true);
    expect({ subjects: world.loop.stats().subjects, timers: world.clock.pending }).toEqual({ subjects: 0, timers: 0 });
  });

  it('gives a waiting check the timeout of its new interval', async () => {
    const world = setUp();
    const one = { name: 'backend', maxConnections: 1 };
    world.decision = checked({ backend: one });
    world.loop.add(a);
    world.loop.add(b);
    await world.clock.stall(10_000);
    world.decision = checked({ backend: one, intervalMs: 1_000, timeoutMs: 1_000 });
    world.loop.refresh();
    await world.last().answer(OK);
    expect(world.asked.map(({ timeoutMs }) => timeoutMs)).toEqual([5_000, 1_000]);
  });
});

describe('closing', () => {
  it('aborts calls in flight, sends no waiting call, and accepts no more streams', async () => {
    const world = setUp();
    world.decision = checked({ backend: { name: 'backend', maxConnections: 1 } });
    for (const subject of [a, b, { id: 'c' }]) world.loop.add(subject);
    await world.clock.stall(10_000);
    world.loop.close();
    world.loop.close();
    world.loop.add({ id: 'd' });
    await world.clock.advance(60_000);
    expect(world.asked).toHaveLength(1);
    expect(world.last().signal.aborted).toBe(true);
    expect({ timers: world.clock.pending, subjects: world.loop.stats().subjects, load: world.loop.backends() }).toEqual(
      {
        timers: 0,
        subjects: 0,
        load: [],
      },
    );
  });

  it('one stream is idempotent, and frees its connection for the next call', async () => {
    const world = setUp();
    world.decision = checked({ backend: { name: 'backend', maxConnections: 1 } });
    world.loop.add(a);
    world.loop.add(b);
    await world.clock.stall(10_000);
    const [first] = world.asked;
    world.loop.remove(a);
    world.loop.remove(a);
    expect(first?.id).toBe('a');
    expect(world.asked.map(({ id }) => id)).toEqual(['a', 'b']);
  });
});
