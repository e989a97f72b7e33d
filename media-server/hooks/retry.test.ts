import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { withRetries } from './retry.ts';
import type { HookReply } from './session-hooks.ts';

const answered = (status: number, retryAfterMs: number | null = null): HookReply => ({
  kind: 'status',
  status,
  retryAfterMs,
  body: '',
});
const failed = (failure: Extract<HookReply, { kind: 'failure' }>['failure']): HookReply => ({
  kind: 'failure',
  failure,
});

/** Tries a call that gives the same reply each time; the times of the tries and the last reply. */
async function tries(retries: number, reply: HookReply, aborted?: AbortController) {
  const clock = new VirtualClock();
  const at: number[] = [];
  const signal = (aborted ?? new AbortController()).signal;
  const work = withRetries(retries, { clock, signal }, async () => {
    at.push(clock.monotonic());
    return reply;
  });
  // The first try sets its timer.
  await clock.advance(0);
  await clock.advance(60_000);
  return { at, reply: await work };
}

describe('the retries of a call', () => {
  it.each([
    ['200', answered(200), 1],
    ['401', answered(401), 1],
    ['403', answered(403), 1],
    ['404', answered(404), 1],
    ['429', answered(429), 1],
    ['500', answered(500), 1],
    ['502', answered(502), 4],
    ['503', answered(503), 4],
    ['504', answered(504), 4],
    ['a refused connection', failed('refused'), 4],
    ['a reset connection', failed('reset'), 4],
    ['a name that does not resolve', failed('dns'), 4],
    ['a timeout', failed('timeout'), 1],
    ['a certificate that is not accepted', failed('tls'), 1],
    ['an abort', failed('aborted'), 1],
  ] as const)('are made only for temporary failures: %s', async (_what, reply, count) => {
    const result = await tries(3, reply);
    expect(result.at).toHaveLength(count);
    expect(result.reply).toBe(reply);
  });

  it('wait for Retry-After, up to two seconds', async () => {
    expect((await tries(1, answered(503, 1_500))).at).toEqual([0, 1_500]);
    expect((await tries(1, answered(503, 3_600_000))).at).toEqual([0, 2_000]);
  });

  it('wait longer each time, up to two seconds', async () => {
    const { at } = await tries(10, answered(503));
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(pauses).toHaveLength(10);
    for (const [index, pause] of pauses.entries()) expect(pause).toBeLessThanOrEqual(Math.min(2_000, 200 * 2 ** index));
  });

  it('stop when the stream has ended', async () => {
    const aborted = new AbortController();
    aborted.abort();
    expect((await tries(3, answered(503), aborted)).at).toEqual([0]);
  });
});
