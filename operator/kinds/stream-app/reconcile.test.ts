import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podStatus, renderedOf } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject, podObject, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import { mediaServerOf } from '../../world/references.ts';
import { reconcileStreamApp } from './reconcile.ts';

const STATUS = 'PATCH /apis/sluice.dev/v1alpha1/namespaces/media/streamapps/news/status';
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';

describe('reconcileStreamApp', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
  });
  afterEach(() => world.close());

  /** Reconciles once, feeds the write back into the store and returns it. */
  async function reconciled(): Promise<string[]> {
    const result = await reconcileStreamApp(world, 'media/news');
    const writes = world.settleWrites();
    expect(result).toEqual(writes.includes(STATUS) ? { requeueAfterMs: 10_000 } : {});
    return writes;
  }
  const conditions = () => world.conditionsOf(world.stores.streamApps, 'news');

  /** The MediaServer exists and has processed these generations. */
  function looked(apps: Readonly<Record<string, number>>): void {
    world.have(mediaServerObject());
    world.fleets.of('media/live').rendered = renderedOf('h1', { apps: new Map(Object.entries(apps)) });
  }

  it('reports the state of the app once', async () => {
    world.have(streamAppObject('news'));
    looked({ news: 1 });
    expect(await reconciled()).toEqual([STATUS]);
    expect(world.statusOf(world.stores.streamApps, 'news')).toMatchObject({
      observedGeneration: 1,
      publications: 0,
      playbacks: 0,
    });
    expect(conditions()).toEqual([
      'Accepted=True/Accepted',
      'ResolvedRefs=True/ResolvedRefs',
      'Programmed=False/NoPods',
      'KeepAliveActive=Unknown/NoPods',
      'Ready=False/NoPods',
    ]);
    expect(await reconciled()).toEqual([]);
  });

  it('does not report on an app whose MediaServer another operator manages', async () => {
    world.have(streamAppObject('news', { appKey: 'no spaces' }));
    world.haveAsIs({ ...mediaServerObject(), status: { operator: { name: 'elsewhere/sluice-operator' } } });
    expect(await reconciled()).toEqual([]);
  });

  it('reconciles again after a write, since a late watch hides a change that was reverted', async () => {
    const pods = world.fleets.of('media/live').reports;
    const podRuns = (hash: string) => pods.set('u1', { kind: 'answered', status: podStatus({ hash }) });
    world.have(streamAppObject('news'));
    world.have(podObject());
    looked({ news: 1 });
    podRuns('h1');
    await reconciled();
    podRuns('h0');
    expect(await reconcileStreamApp(world, 'media/news')).toEqual({ requeueAfterMs: 10_000 });
    podRuns('h1');
    expect(await reconcileStreamApp(world, 'media/news')).toEqual({});
    expect(world.settleWrites()).toEqual([STATUS]);
    expect(conditions()).toContain('Programmed=False/Pending');
    // After the delay that the first of the two returned.
    await reconciled();
    expect(conditions()).toContain('Programmed=True/Programmed');
  });

  it.each([
    ['has not observed it', {}],
    ['has observed an older generation', { news: 1 }],
  ])('reports nothing while its MediaServer %s', async (_what, apps) => {
    world.have(streamAppObject('news', {}, { generation: 2 }));
    looked(apps);
    expect(await reconciled()).toEqual([]);
  });

  it('reports what blocks its MediaServer', async () => {
    world.have(streamAppObject('news', {}, { generation: 2 }));
    looked({ news: 1 });
    world.fleets.of('media/live').fault = { reason: 'InvalidReference', message: 'Secret "api" does not exist' };
    expect(await reconciled()).toEqual([STATUS]);
    expect(conditions()).toEqual([
      'Accepted=Unknown/InvalidReference',
      'Programmed=False/InvalidReference',
      'Ready=False/InvalidReference',
    ]);
  });

  it('keeps its status if the operator has just started and cannot render the config that pods run', async () => {
    world.have(streamAppObject('news'));
    looked({ news: 1 });
    await reconciled();
    const before = conditions();
    world.fleets.of('media/live').rendered = null;
    world.fleets.of('media/live').fault = { reason: 'InvalidReference', message: 'Secret "api" does not exist' };
    expect(await reconciled()).toEqual([]);
    expect(conditions()).toEqual(before);
  });

  it('reports a missing MediaServer, even while pods of a former one are remembered', async () => {
    world.have(streamAppObject('news'));
    world.fleets.of('media/live').rendered = renderedOf('h1', { apps: new Map([['news', 1]]) });
    expect(await reconciled()).toEqual([STATUS, EVENT]);
    expect(conditions()).toContain('ResolvedRefs=False/MediaServerNotFound');
    expect(await reconciled()).toEqual([]);
  });

  it('waits for a MediaServer that was applied together with it before it reports it as missing', async () => {
    const app = streamAppObject('news', {}, { creationTimestamp: new Date(world.clock.now()).toISOString() });
    world.have(app);
    expect(await reconcileStreamApp(world, 'media/news')).toEqual({ requeueAfterMs: 2_000 });
    expect(world.settleWrites()).toEqual([]);
    await world.clock.advance(2_000);
    expect(await reconciled()).toEqual([STATUS, EVENT]);
  });

  it('reports an invalid spec', async () => {
    world.have(streamAppObject('news', { appKey: 'no spaces' }));
    looked({ news: 1 });
    expect(await reconciled()).toEqual([STATUS, EVENT]);
    expect(conditions()).toEqual([
      'Accepted=False/InvalidSpec',
      'Programmed=False/InvalidSpec',
      'Ready=False/InvalidSpec',
    ]);
  });

  it.each([
    ['is gone', null],
    ['is being deleted', streamAppObject('news', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('ignores an app that %s', async (_what, object) => {
    if (object) world.have(object);
    looked({ news: 1 });
    expect(await reconciled()).toEqual([]);
  });
});

describe('mediaServerOf', () => {
  it('is in the namespace of the app', () => {
    expect(mediaServerOf(streamAppObject('news', { mediaServerRef: { name: 'other' } }))).toBe('media/other');
  });
});
