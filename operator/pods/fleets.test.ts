import { afterEach, describe, expect, it } from 'vitest';
import { fleetKey, podStatus, renderedOf, runningPod } from '../../test/builders/fleet-parts.ts';
import { Fleet, Fleets } from './fleets.ts';

const fleets: Fleet[] = [];
const newFleet = (): Fleet => {
  const fleet = new Fleet();
  fleets.push(fleet);
  return fleet;
};

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
});

describe('Fleet', () => {
  it('keeps its client while the key is the same', async () => {
    const fleet = newFleet();
    expect(fleet.client).toBeNull();
    const client = fleet.use(fleetKey('a'));
    await new Promise(setImmediate);
    expect(fleet.client).toBe(client);
    expect(fleet.use(fleetKey('a'))).toBe(client);
  });

  it('has a client with the new key after a rotation, and closes the old one', async () => {
    const fleet = newFleet();
    const old = fleet.use(fleetKey('a'));
    const current = fleet.use(fleetKey('b'));
    await new Promise(setImmediate);
    expect(current).not.toBe(old);
    expect(fleet.client).toBe(current);
    await expect(old.status({ address: '127.0.0.1', internalPort: 9091 })).rejects.toThrow('destroyed');
  });

  it('has no client once it is closed', async () => {
    const fleet = newFleet();
    fleet.use(fleetKey('a'));
    await fleet.close();
    expect(fleet.client).toBeNull();
  });

  it('forgets pods that are gone', () => {
    const fleet = newFleet();
    fleet.reports.set('1', { kind: 'failed', reason: 'gone' });
    fleet.reports.set('2', { kind: 'answered', status: podStatus() });
    fleet.keepOnly(new Set(['2']));
    expect([...fleet.reports.keys()]).toEqual(['2']);
    expect(fleet.statuses()).toEqual([podStatus()]);
  });

  it('counts a pod as in sync if it runs and has reported the newest config', () => {
    const fleet = newFleet();
    fleet.rendered = renderedOf('new');
    fleet.reports.set('1', { kind: 'answered', status: podStatus({ hash: 'new' }) });
    fleet.reports.set('2', { kind: 'answered', status: podStatus({ hash: 'old' }) });
    fleet.reports.set('3', { kind: 'failed', reason: 'refused' });
    fleet.reports.set('4', { kind: 'answered', status: podStatus({ hash: 'new' }) });
    fleet.reports.set('5', { kind: 'answered', status: podStatus({ hash: 'new' }) });
    const pods = [
      ...['1', '2', '3'].map((uid) => runningPod(uid)),
      runningPod('4', { isRunning: false }),
      runningPod('5', { isDeleting: true, isReady: false }),
      runningPod('unheard'),
    ];
    expect(fleet.inSync(pods)).toEqual({ synced: 2, running: 5 });
  });

  it('is out of sync while nothing has been rendered', () => {
    const fleet = newFleet();
    fleet.reports.set('1', { kind: 'answered', status: podStatus() });
    expect(fleet.inSync([runningPod('1')])).toEqual({ synced: 0, running: 1 });
  });
});

describe('Fleets', () => {
  it('has one fleet for each MediaServer, until it is forgotten and closed', async () => {
    const all = new Fleets();
    const fleet = all.of('media/live');
    fleet.use(fleetKey('a'));
    expect(all.find('media/live')).toBe(fleet);
    expect(all.of('media/live')).toBe(fleet);
    expect(all.find('media/other')).toBeUndefined();
    expect([...all.entries()]).toEqual([['media/live', fleet]]);
    await all.forget('media/live');
    expect([all.find('media/live'), fleet.client]).toEqual([undefined, null]);
    await all.forget('media/live');
  });

  it('closes all of them', async () => {
    const all = new Fleets();
    const fleet = all.of('media/live');
    fleet.use(fleetKey('a'));
    await all.close();
    expect([[...all.entries()], fleet.client]).toEqual([[], null]);
  });
});
