import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { HookStage } from '../../test/builders/hook-stage.ts';
import { until } from '../../test/harness/wait.ts';

let stage: HookStage;
beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('events', () => {
  it('are delivered in order, one after the other', async () => {
    const calls = stage.session(stage.hookOf());
    for (let index = 0; index < 5; index++) calls.event('StreamStatusEvent', { index });
    await stage.queues.flush(systemClock, 2000);
    expect(stage.backend.calls.map(({ body }) => body['index'])).toEqual([0, 1, 2, 3, 4]);
  });

  it('are dropped and counted beyond a depth of 64', async () => {
    stage.backend.answer = () => () => undefined;
    const calls = stage.session(stage.hookOf({ timeoutMs: 5000 }));
    for (let index = 0; index < 70; index++) calls.event('StreamStatusEvent', { index });
    await until('one is being delivered', () => stage.backend.calls.length === 1);
    expect(stage.counted.filter((entry) => entry === 'dropped')).toHaveLength(5);
  });

  it('have more room for each further stream that the session has had since none waited', async () => {
    stage.backend.answer = () => () => undefined;
    let streams = 11;
    const calls = stage.session(stage.hookOf({ timeoutMs: 5000 }), () => streams);
    calls.event('StreamStatusEvent', {});
    streams = 0;
    for (let index = 0; index < 144; index++) calls.event('StreamStatusEvent', { index });
    expect(stage.counted.filter((entry) => entry === 'dropped')).toEqual([]);
    calls.event('StreamStatusEvent', {});
    expect(stage.counted.filter((entry) => entry === 'dropped')).toEqual(['dropped']);
  });

  it('are awaited by a flush, which gives up after its timeout', async () => {
    stage.backend.answer = () => () => undefined;
    stage.session(stage.hookOf({ timeoutMs: 5000 })).event('StreamStatusEvent', {});
    const startedAt = performance.now();
    await stage.queues.flush(systemClock, 200);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});
