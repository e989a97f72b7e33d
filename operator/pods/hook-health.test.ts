import { describe, expect, it } from 'vitest';
import { podHook, podStatus } from '../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../test/builders/operator-world.ts';
import { type HookReport, healthOf, joinReports, reachable, saturated } from './hook-health.ts';

const SILENT: HookReport = { lastSuccessAt: 0, lastFailureAt: 0, recentCalls: 0, recentFailures: 0, saturated: false };

describe('the reports of pods about a backend', () => {
  it('are merged: the newest times, all calls, and saturation if one pod reports it', () => {
    const one = { lastSuccessAt: 5, lastFailureAt: 9, recentCalls: 10, recentFailures: 1, saturated: false };
    const other = { lastSuccessAt: 7, lastFailureAt: 3, recentCalls: 4, recentFailures: 2, saturated: true };
    expect(joinReports([one, other])).toEqual({
      lastSuccessAt: 7,
      lastFailureAt: 9,
      recentCalls: 14,
      recentFailures: 3,
      saturated: true,
    });
  });

  it('are empty without pods', () => {
    expect(joinReports([])).toEqual(SILENT);
  });
});

describe('condition Reachable', () => {
  it.each([
    ['before the first call', {}, 'Unknown', 'NotCalled'],
    ['while calls are answered', { lastSuccessAt: 9, recentCalls: 5 }, 'True', 'Answering'],
    [
      'after the calls have stopped, the last one answered',
      { lastSuccessAt: 9, lastFailureAt: 3 },
      'True',
      'Answering',
    ],
    ['after the calls have stopped, the last one failed', { lastSuccessAt: 3, lastFailureAt: 9 }, 'False', 'Failing'],
    [
      'when one of many fails',
      { lastSuccessAt: 8, lastFailureAt: 9, recentCalls: 50, recentFailures: 1 },
      'True',
      'SomeFail',
    ],
    ['when most fail', { lastSuccessAt: 9, lastFailureAt: 8, recentCalls: 50, recentFailures: 26 }, 'False', 'Failing'],
    ['when all fail', { lastFailureAt: 9, recentCalls: 3, recentFailures: 3 }, 'False', 'Failing'],
  ])('%s', (_when, report, status, reason) => {
    expect(reachable({ ...SILENT, ...report })).toMatchObject({ type: 'Reachable', status, reason });
  });
});

describe('condition Saturated', () => {
  it.each([
    [false, 'False', 'EnoughConnections'],
    [true, 'True', 'ChecksWait'],
  ])('when checks wait: %s', (waits, status, reason) => {
    expect(saturated({ ...SILENT, saturated: waits })).toMatchObject({ type: 'Saturated', status, reason });
  });
});

describe('healthOf', () => {
  it('merges the reports of all pods in the namespace about this backend only', () => {
    const world = new OperatorWorld();
    const says = (fleet: string, uid: string, ...hooks: ReturnType<typeof podHook>[]) =>
      world.fleets.of(fleet).reports.set(uid, { kind: 'answered', status: podStatus({ hooks }) });
    says('media/live', 'u1', podHook('backend', { lastSuccessAt: 5, lastFailureAt: 1 }));
    says('media/other', 'u2', podHook('backend', { lastSuccessAt: 2, lastFailureAt: 7 }), podHook('another'));
    says('media/other', 'u3', podHook('another', { lastSuccessAt: 99 }));
    says('elsewhere/live', 'u4', podHook('backend', { lastSuccessAt: 99 }));
    world.fleets.of('media/live').reports.set('u5', { kind: 'failed', reason: 'timeout' });
    expect(healthOf(world.fleets, 'media/backend')).toMatchObject({ lastSuccessAt: 5, lastFailureAt: 7 });
  });
});
