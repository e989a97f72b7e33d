import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodStatus } from '../../crds/schema/internal.ts';
import { podApp, podHook, podStatus, runningPod } from '../../test/builders/fleet-parts.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import type { PodReport } from './fleets.ts';
import type { Pod } from './pod.ts';
import { Poller } from './poller.ts';

const ROUND_MS = 10_000;

describe('Poller', () => {
  let clock: VirtualClock;
  let reports: Map<string, PodReport>;
  let answers: (address: string) => Promise<PodStatus>;
  let asked: string[];
  let changed: string[];
  let rounds: number;
  let poller: Poller;

  beforeEach(() => {
    clock = new VirtualClock();
    [reports, asked, changed, rounds] = [new Map(), [], [], 0];
    answers = async () => podStatus();
    const client = {
      status: ({ address }: Pick<Pod, 'address'>) => {
        asked.push(address);
        return answers(address);
      },
    };
    const fleets = new Map<string, { client: typeof client | null; reports: Map<string, PodReport> }>([
      ['media/live', { client, reports }],
      ['media/keyless', { client: null, reports: new Map() }],
    ]);
    poller = new Poller({
      fleets,
      clock,
      podsOf: () => [runningPod('a', { address: '10.0.0.1' }), runningPod('b', { isRunning: false })],
      onChange: (key) => changed.push(key),
      onRound: async () => void rounds++,
    });
    poller.start();
  });

  afterEach(() => poller.stop());

  it('polls every running pod in each round', async () => {
    expect([asked, rounds]).toEqual([[], 0]);
    await clock.advance(2 * ROUND_MS);
    expect([asked, rounds]).toEqual([['10.0.0.1', '10.0.0.1'], 2]);
    expect([...reports]).toEqual([['a', { kind: 'answered', status: podStatus() }]]);
  });

  it.each<[string, Partial<Parameters<typeof podStatus>[0]>]>([
    ['runs another config', { hash: 'h2' }],
    ['has refused a config', { refused: { hash: 'h2', reason: 'no such codec' } }],
    ['drains', { draining: true }],
    ['checks an app', { apps: [podApp('defaultApp', { checked: true })] }],
    ['reaches a backend', { hooks: [podHook('backend', { lastSuccessAt: 2 })] }],
    ['waits for connections to a backend', { hooks: [podHook('backend', { saturated: true })] }],
    ['no longer reaches a backend', { hooks: [podHook('backend', { lastSuccessAt: 1, lastFailureAt: 2 })] }],
  ])('reports a pod that %s, once', async (_what, over) => {
    await clock.advance(ROUND_MS);
    changed.length = 0;
    answers = async () => podStatus(over);
    await clock.advance(2 * ROUND_MS);
    expect(changed).toEqual(['media/live']);
  });

  it('reports nothing when only counts change', async () => {
    await clock.advance(ROUND_MS);
    changed.length = 0;
    answers = async () => podStatus({ publications: 7, playbacks: 9 });
    await clock.advance(ROUND_MS);
    expect([changed, reports.get('a')]).toEqual([
      [],
      { kind: 'answered', status: podStatus({ publications: 7, playbacks: 9 }) },
    ]);
  });

  it('reports a pod that cannot be reached, and continues', async () => {
    await clock.advance(ROUND_MS);
    changed.length = 0;
    answers = async () => Promise.reject(new Error('connect ECONNREFUSED'));
    await clock.advance(2 * ROUND_MS);
    expect([changed, reports.get('a'), rounds]).toEqual([
      ['media/live'],
      { kind: 'failed', reason: 'connect ECONNREFUSED' },
      3,
    ]);
  });

  it('does not overwrite the result of a push with an older answer', async () => {
    const pushed: PodReport = { kind: 'answered', status: podStatus({ hash: 'h2' }) };
    answers = async () => {
      reports.set('a', pushed);
      return podStatus({ hash: 'h1' });
    };
    await clock.advance(ROUND_MS);
    expect(reports.get('a')).toBe(pushed);
  });

  it('polls nothing once it is stopped', async () => {
    await poller.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(ROUND_MS);
    expect([asked, rounds]).toEqual([[], 0]);
  });
});
