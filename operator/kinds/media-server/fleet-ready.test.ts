import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { PodStatus, Roster } from '../../../crds/schema/internal.ts';
import { podStatus, runningPod } from '../../../test/builders/fleet-parts.ts';
import type { PodReport } from '../../pods/fleets.ts';
import { type FleetInput, fleetReady } from './fleet-ready.ts';

const ROSTER: Roster = { revision: 5, members: [] };

const told = (fleet: Partial<NonNullable<PodStatus['fleet']>> = {}): PodReport => ({
  kind: 'answered',
  status: podStatus({ fleet: { revision: 5, admitted: true, unreached: [], ...fleet } }),
});

const judged = (reports: Readonly<Record<string, PodReport>>, over: Partial<FleetInput> = {}) => {
  const { message, reason, status } = fleetReady({
    pods: ['a', 'b'].map((uid) => runningPod(uid)),
    fleet: { reports: new Map(Object.entries(reports)), roster: ROSTER },
    rosterFault: null,
    ...over,
  });
  return [status, reason, message];
};

describe('fleetReady', () => {
  it('is true when all pods know one another', () => {
    expect(judged({ a: told(), b: told() })).toEqual(['True', 'AllKnown', '2 pods know one another']);
    expect(judged({ a: told() }, { pods: [runningPod('a')] })).toEqual(['True', 'AllKnown', '1 pod runs']);
  });

  it('is unknown while no pod is running', () => {
    const pods = [runningPod('a', { isRunning: false })];
    expect(judged({}, { pods })).toEqual(['Unknown', 'NoPods', 'no pod is running']);
  });

  it.each<[string, Record<string, PodReport>, string, string]>([
    ['has not joined', { a: told(), b: told({ admitted: false }) }, 'Joining', 'not known to all pods yet: live-b'],
    ['has not been asked yet', { a: told() }, 'Joining', 'not known to all pods yet: live-b'],
    ['has an older roster', { a: told({ revision: 4 }), b: told() }, 'Joining', 'not known to all pods yet: live-a'],
    [
      'takes streams although another one does not know it',
      { a: told(), b: told({ unreached: ['live-a'] }) },
      'MemberUnreachable',
      'pod live-b cannot reach live-a',
    ],
    [
      'cannot get a stream from another one',
      { a: told(), b: told({ pipeFault: 'no pipe from pod live-a: it is silent' }) },
      'PipeFailed',
      'pod live-b: no pipe from pod live-a: it is silent',
    ],
    [
      'does not answer the operator',
      { a: { kind: 'failed', reason: 'timeout' }, b: told() },
      'PodUnreachable',
      'the operator cannot reach live-a; terminate may answer 503',
    ],
  ])('is false while a pod %s', (_what, reports, reason, message) => {
    expect(judged(reports)).toEqual(['False', reason, message]);
  });

  it.each(['Joining', 'PodUnreachable', 'MemberUnreachable', 'ImageTooOld', 'PipeFailed'])(
    'is explained in the docs if it is false because of %s',
    async (reason) => {
      expect(await readFile('docs/troubleshooting.md', 'utf8')).toContain(`| \`${reason}\` |`);
    },
  );

  it('is false if an image cannot form a fleet, unless it is alone', () => {
    const old = { kind: 'answered', status: podStatus() } as const;
    expect(judged({ a: told(), b: old })).toEqual(['False', 'ImageTooOld', 'the image of live-b knows no other pods']);
    expect(judged({ a: old }, { pods: [runningPod('a')] }).slice(0, 2)).toEqual(['True', 'AllKnown']);
  });

  it('does not blame a pod that has not been ready yet for being silent', () => {
    const pods = [runningPod('a'), runningPod('b', { isReady: false })];
    const reports = { a: told(), b: { kind: 'failed', reason: 'refused' } } as const;
    expect(judged(reports, { pods }).slice(0, 2)).toEqual(['False', 'Joining']);
  });

  it('is false if the roster cannot be written', () => {
    const rosterFault = { reason: 'RosterNotWritten', message: 'connect ECONNREFUSED' };
    expect(judged({ a: told(), b: told() }, { rosterFault })).toEqual(['False', ...Object.values(rosterFault)]);
  });
});
