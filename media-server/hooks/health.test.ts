import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { HealthRecorder } from './health.ts';
import type { HookReply } from './session-hooks.ts';

const answer = (status: number): HookReply => ({ kind: 'status', status, retryAfterMs: null, body: '' });

describe('the health of a backend', () => {
  it('is unknown before the first call', () => {
    const health = new HealthRecorder(new VirtualClock()).health();
    expect(health).toEqual({ lastSuccessAt: 0, lastFailureAt: 0, recentCalls: 0, recentFailures: 0 });
  });

  it.each([
    ['200', answer(200), 0],
    ['a 403, which is a decision', answer(403), 0],
    ['a 404', answer(404), 0],
    ['a 500', answer(500), 1],
    ['a redirect', answer(302), 1],
    ['a 401: it does not know us', answer(401), 1],
    ['a 429', answer(429), 1],
    ['no answer in time', { kind: 'failure', failure: 'timeout' } as const, 1],
  ])('counts %s', (_what, reply, failures) => {
    const clock = new VirtualClock();
    const recorder = new HealthRecorder(clock);
    recorder.record(reply);
    expect(recorder.health()).toEqual({
      lastSuccessAt: failures === 0 ? clock.now() : 0,
      lastFailureAt: failures === 0 ? 0 : clock.now(),
      recentCalls: 1,
      recentFailures: failures,
    });
  });

  it('does not count a call that was aborted because its stream ended', () => {
    const recorder = new HealthRecorder(new VirtualClock());
    recorder.record({ kind: 'failure', failure: 'aborted' });
    expect(recorder.health().recentCalls).toBe(0);
  });

  it('forgets calls older than two minutes and keeps those of the last minute', async () => {
    const clock = new VirtualClock();
    const recorder = new HealthRecorder(clock);
    recorder.record(answer(500));
    await clock.advance(59_000);
    recorder.record(answer(200));
    await clock.advance(2_000);
    expect(recorder.health()).toMatchObject({ recentCalls: 2, recentFailures: 1 });
    await clock.advance(120_000);
    expect(recorder.health()).toMatchObject({ recentCalls: 0, recentFailures: 0 });
  });
});
