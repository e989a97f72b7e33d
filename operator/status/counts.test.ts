import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podApp, podHook, podStatus } from '../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../test/builders/operator-world.ts';
import { mediaServerObject, podObject, restHookObject, streamAppObject } from '../../test/builders/sluice-objects.ts';
import { ApiError, NotLeaderError } from '../kube/api-error.ts';
import { Counts } from './counts.ts';

const statusOf = (plural: string, name: string) =>
  `/apis/sluice.dev/v1alpha1/namespaces/media/${plural}/${name}/status`;

describe('Counts', () => {
  let world: OperatorWorld;
  let counts: Counts;

  beforeEach(() => {
    world = new OperatorWorld();
    counts = new Counts(world);
    world.have(mediaServerObject());
    world.have(streamAppObject('news'));
    world.have(streamAppObject('sport'));
    world.have(restHookObject('backend'));
    const { reports } = world.fleets.of('media/live');
    const keepAlive = { checked: true };
    const news = (publications: number, playbacks: number) => podApp('news', keepAlive, { publications, playbacks });
    reports.set('u1', {
      kind: 'answered',
      status: podStatus({ publications: 2, playbacks: 7, apps: [news(1, 3), podApp('sport', keepAlive)] }),
    });
    const hooks = [podHook('backend', { lastSuccessAt: Date.UTC(2026, 0, 1, 12) })];
    reports.set('u2', {
      kind: 'answered',
      status: podStatus({ publications: 1, playbacks: 1, apps: [news(1, 1)], hooks }),
    });
  });
  afterEach(() => world.close());

  const write = async (): Promise<string[]> => {
    await counts.write();
    return world.settleWrites();
  };

  it('leaves the counts to the operator that manages the MediaServer', async () => {
    world.haveAsIs({ ...mediaServerObject(), status: { operator: { name: 'elsewhere/sluice-operator' } } });
    expect(await write()).toEqual([]);
  });

  it('writes the number of streams on all pods, and when a backend last answered', async () => {
    await write();
    expect(world.statusOf(world.stores.mediaServers)).toMatchObject({ publications: 3, playbacks: 8 });
    expect(world.statusOf(world.stores.streamApps, 'news')).toEqual({ publications: 2, playbacks: 4 });
    expect(world.statusOf(world.stores.streamApps, 'sport')).toEqual({ publications: 0, playbacks: 0 });
    expect(world.statusOf(world.stores.restHooks, 'backend')).toEqual({ lastSuccessTime: '2026-01-01T12:00:00Z' });
  });

  it('writes at most every 30 seconds, and only what has changed', async () => {
    expect(await write()).toHaveLength(4);
    world.fleets.of('media/live').reports.delete('u1');
    await world.clock.advance(29_999);
    expect(await write()).toEqual([]);
    await world.clock.advance(1);
    expect(await write()).toEqual([
      `PATCH ${statusOf('mediaservers', 'live')}`,
      `PATCH ${statusOf('streamapps', 'news')}`,
    ]);
    await world.clock.advance(30_000);
    expect(await write()).toEqual([]);
  });

  it('keeps the counts of a fleet while one of its pods is unreachable or not yet polled', async () => {
    await write();
    world.have(podObject({ running: {} }, { uid: 'u3' }));
    world.fleets.of('media/live').reports.delete('u2');
    await world.clock.advance(30_000);
    expect(await write()).toEqual([]);
    world.fleets.of('media/live').reports.set('u3', { kind: 'failed', reason: 'timeout' });
    await world.clock.advance(30_000);
    expect(await write()).toEqual([]);
    world.fleets.of('media/live').reports.set('u3', { kind: 'answered', status: podStatus({ publications: 5 }) });
    await world.clock.advance(30_000);
    await write();
    expect(world.statusOf(world.stores.mediaServers)).toMatchObject({ publications: 7 });
  });

  it('keeps the counts of a fleet that has not been polled since the operator started', async () => {
    await write();
    await world.fleets.forget('media/live');
    world.have(podObject());
    await world.clock.advance(30_000);
    expect((await write()).filter((line) => !line.includes('resthooks'))).toEqual([]);
  });

  it('continues if the status of one object cannot be written', async () => {
    world.client.refuse(statusOf('streamapps', 'news'), new ApiError('it is gone', { status: 404 }));
    await counts.write();
    expect(world.client.takeWrites()).toEqual([
      `PATCH ${statusOf('mediaservers', 'live')}`,
      `PATCH ${statusOf('streamapps', 'news')}`,
      `PATCH ${statusOf('streamapps', 'sport')}`,
      `PATCH ${statusOf('resthooks', 'backend')}`,
    ]);
    expect(world.logged.lines()).toMatchObject([
      { level: 'warn', object: 'media/news', reason: 'ApiError: it is gone' },
    ]);
  });

  it('silently writes nothing when another replica leads', async () => {
    for (const path of [statusOf('mediaservers', 'live'), statusOf('streamapps', 'news')]) {
      world.client.refuse(path, new NotLeaderError('another replica leads'));
    }
    await counts.write();
    expect([world.client.takeWrites(), world.logged.text]).toEqual([[`PATCH ${statusOf('mediaservers', 'live')}`], []]);
  });
});
