import { describe, expect, it } from 'vitest';
import { podStatus, renderedOf, runningPod } from '../../test/builders/fleet-parts.ts';
import type { PodReport } from './fleets.ts';
import type { Pod } from './pod.ts';
import { needsRoster, pushConfig, pushCordons, report } from './push.ts';

const RENDERED = renderedOf('new');

/** A fleet that records the addresses that were sent a config; the pod at one given address refuses it. */
function fleetOf(reports: Record<string, PodReport>, over: { rendered?: null; client?: null } = {}) {
  const pushed: string[] = [];
  const client = {
    push: async ({ address }: Pick<Pod, 'address'>, config: typeof RENDERED.push) => {
      pushed.push(address);
      if (address === 'unreachable') throw new Error('connect ECONNREFUSED');
      expect(config).toBe(RENDERED.push);
      return podStatus({ pod: address, hash: 'new' });
    },
  };
  return { pushed, client, rendered: RENDERED, reports: new Map(Object.entries(reports)), ...over };
}

const answered = (config: Parameters<typeof podStatus>[0]): PodReport => ({
  kind: 'answered',
  status: podStatus(config),
});

describe('pushConfig', () => {
  it.each<[string, Record<string, PodReport>, boolean]>([
    ['has reported nothing yet', {}, true],
    ['could not be reached', { a: { kind: 'failed', reason: 'timeout' } }, true],
    ['runs an older config', { a: answered({ hash: 'old' }) }, true],
    [
      'has refused an older config',
      { a: answered({ hash: 'oldest', refused: { hash: 'old', reason: 'no such codec' } }) },
      true,
    ],
    ['runs this config', { a: answered({ hash: 'new' }) }, false],
    [
      'has refused this config',
      { a: answered({ hash: 'old', refused: { hash: 'new', reason: 'no such codec' } }) },
      false,
    ],
  ])('decides whether to push to a pod that %s', async (_what, reports, isPushed) => {
    const fleet = fleetOf(reports);
    await pushConfig(fleet, [runningPod('a', { address: '10.0.0.1' })]);
    expect(fleet.pushed).toEqual(isPushed ? ['10.0.0.1'] : []);
  });

  it('reaches every running pod, including draining ones, and remembers each report', async () => {
    const fleet = fleetOf({});
    await pushConfig(fleet, [
      runningPod('a', { address: 'unreachable' }),
      runningPod('b', { address: '10.0.0.2', isDeleting: true, isReady: false }),
      runningPod('c', { address: '10.0.0.3', isRunning: false }),
    ]);
    expect(fleet.pushed).toEqual(['unreachable', '10.0.0.2']);
    expect(Object.fromEntries(fleet.reports)).toEqual({
      a: { kind: 'failed', reason: 'connect ECONNREFUSED' },
      b: { kind: 'answered', status: podStatus({ pod: '10.0.0.2', hash: 'new' }) },
    });
  });

  it.each([
    ['nothing has been rendered', { rendered: null }],
    ['there is no key yet', { client: null }],
  ] as const)('pushes nothing while %s', async (_what, over) => {
    const fleet = fleetOf({}, over);
    await pushConfig(fleet, [runningPod('a')]);
    expect([fleet.pushed, fleet.reports.size]).toEqual([[], 0]);
  });
});

describe('needsRoster', () => {
  it.each<[string, PodReport | undefined, boolean]>([
    ['has reported nothing yet', undefined, true],
    ['could not be reached', { kind: 'failed', reason: 'timeout' }, true],
    ['has an older one', answered({ fleet: { revision: 4, admitted: true, unreached: [] } }), true],
    ['has it, but is not admitted', answered({ fleet: { revision: 5, admitted: false, unreached: [] } }), true],
    ['has it', answered({ fleet: { revision: 5, admitted: true, unreached: [] } }), false],
    ['runs an image without a roster', answered({}), false],
  ])('tells whether to send it to a pod that %s', (_what, known, needs) => {
    expect(needsRoster(known, 5)).toBe(needs);
  });
});

describe('report', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
    ['an error without a message but with a cause', new Error('', { cause: new Error('reset') }), 'reset'],
    ['an empty error', new TypeError(), 'TypeError'],
    ['something that is not an error', 'odd', 'odd'],
  ])('explains why a call failed with %s', async (_what, thrown, reason) => {
    expect(await report(Promise.reject(thrown))).toEqual({ kind: 'failed', reason });
  });
});

describe('pushCordons', () => {
  it.each<[string, PodReport | undefined, boolean, boolean[]]>([
    ['takes streams, but is to leave', answered({ cordoned: false }), true, [true]],
    ['is to leave, and takes none', answered({ cordoned: true }), true, []],
    ['is to stay, but takes none', answered({ cordoned: true }), false, [false]],
    ['has not answered', undefined, true, []],
    ['runs an image that cannot be told', answered({}), true, []],
  ])('tells a pod that %s', async (_what, known, isCordoned, expected) => {
    const told: boolean[] = [];
    const client = {
      cordon: async (_pod: unknown, { cordoned }: { cordoned: boolean }) => {
        told.push(cordoned);
        return podStatus({ cordoned });
      },
    };
    const reports = new Map(known ? [['a', known]] : []);
    await pushCordons({ client, reports, cordoned: new Set(isCordoned ? ['a'] : []) }, [runningPod('a')]);
    expect(told).toEqual(expected);
  });
});
