import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetKey } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { childMetadata, mediaServerObject } from '../../../test/builders/sluice-objects.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { finalize, hasFinalizer, withFinalizer } from './deletion.ts';

const MEDIA_SERVER = '/apis/sluice.dev/v1alpha1/namespaces/media/mediaservers/live';
const DEPLOYMENT = '/apis/apps/v1/namespaces/media/deployments/live';
const STATUS = `PATCH ${MEDIA_SERVER}/status`;
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';
const DRAIN = 'sluice.dev/drain';

const child = (apiVersion: string, kind: string, name: string, over: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { ...childMetadata(name), ...over },
});
const deployment = (over: object = {}) => child('apps/v1', 'Deployment', 'live', over);
const pod = child('v1', 'Pod', 'live-1');

describe('finalize', () => {
  let world: OperatorWorld;
  let object: KubeObject;

  beforeEach(() => {
    world = new OperatorWorld();
    const deletionTimestamp = new Date(world.clock.now()).toISOString();
    const finalizers = ['example.com/theirs', DRAIN];
    object = world.have(mediaServerObject({ drain: { timeout: '1m' } }, { deletionTimestamp, finalizers }));
    world.fleets.of('media/live').use(fleetKey('fleet-1'));
  });
  afterEach(() => world.close());

  async function finalized() {
    const result = await finalize(world, object);
    return { result, writes: world.client.takeWrites() };
  }

  const lets = (finalizers: readonly string[]) => ({
    method: 'PATCH',
    path: MEDIA_SERVER,
    contentType: 'application/merge-patch+json',
    body: { metadata: { finalizers, resourceVersion: object.metadata.resourceVersion } },
  });

  it('deletes the Deployment first, and reports that its pods drain', async () => {
    world.have(deployment());
    world.have(pod);
    expect(await finalized()).toEqual({
      result: { requeueAfterMs: 2_000 },
      writes: [`DELETE ${DEPLOYMENT}`, STATUS, EVENT],
    });
  });

  it('also deletes the capture pods, which would publish to pods that drain', async () => {
    world.have(deployment());
    world.have(child('apps/v1', 'Deployment', 'live-capture'));
    world.have(pod);
    const { writes } = await finalized();
    expect(writes).toEqual([`DELETE ${DEPLOYMENT}-capture`, `DELETE ${DEPLOYMENT}`, STATUS, EVENT]);
  });

  it('reports in the status what is left, and that it is no longer available', async () => {
    world.have(deployment());
    world.have(pod);
    await finalize(world, object);
    world.settleWrites();
    expect(world.conditionsOf(world.stores.mediaServers)).toEqual([
      'Available=False/Deleted',
      'Progressing=True/Draining',
      'Ready=False/Deleted',
    ]);
    expect(world.statusOf(world.stores.mediaServers)).toMatchObject({ replicas: 1, readyReplicas: 0 });
  });

  it('waits for the pods, and deletes nothing twice', async () => {
    world.have(deployment({ deletionTimestamp: '2026-01-01T00:00:00Z' }));
    expect((await finalized()).result).toEqual({ requeueAfterMs: 2_000 });
    world.stores.deployments.delete('media/live');
    world.have(pod);
    expect((await finalized()).writes).toEqual([STATUS]);
    expect(world.fleets.find('media/live')).toBeDefined();
  });

  it('neither deletes nor waits for a Deployment of the same name that it does not own', async () => {
    world.have(deployment({ ownerReferences: [] }));
    expect(await finalized()).toEqual({ result: {}, writes: [`PATCH ${MEDIA_SERVER}`] });
  });

  it('removes its finalizer when its pods are gone, and keeps those of others', async () => {
    expect(await finalize(world, object)).toEqual({});
    expect(world.client.calls).toEqual([lets(['example.com/theirs'])]);
    expect(world.fleets.find('media/live')).toBeUndefined();
  });

  it('removes its finalizer a minute after the drain timeout, whatever is left', async () => {
    world.have(pod);
    await world.clock.advance(120_000);
    expect((await finalized()).result).toEqual({ requeueAfterMs: 2_000 });
    await world.clock.advance(1);
    expect(await finalized()).toEqual({ result: {}, writes: [`PATCH ${MEDIA_SERVER}`] });
  });

  it('assumes a drain timeout of nine minutes if none is set', async () => {
    object = { ...object, spec: {} };
    world.have(pod);
    await world.clock.advance(600_000);
    expect((await finalized()).result).toEqual({ requeueAfterMs: 2_000 });
    await world.clock.advance(1);
    expect((await finalized()).result).toEqual({});
  });

  it('does nothing if its finalizer is already removed', async () => {
    object = { ...object, metadata: { ...object.metadata, finalizers: ['example.com/theirs'] } };
    expect(await finalized()).toEqual({ result: {}, writes: [] });
  });

  it('is done if the MediaServer is gone before its finalizer is removed', async () => {
    world.client.refuse(MEDIA_SERVER, new ApiError('gone', { status: 404 }));
    expect((await finalized()).result).toEqual({});
    expect(world.fleets.find('media/live')).toBeUndefined();
  });

  it('tries again if the MediaServer was changed by someone else', async () => {
    world.client.refuse(MEDIA_SERVER, new ApiError('changed', { status: 409 }));
    await expect(finalize(world, object)).rejects.toThrow('changed');
    expect(world.fleets.find('media/live')).toBeDefined();
  });
});

describe('withFinalizer', () => {
  it('adds its finalizer to the existing ones', async () => {
    const world = new OperatorWorld();
    const object = mediaServerObject({}, { finalizers: ['example.com/theirs'], resourceVersion: '7' });
    expect(hasFinalizer(object)).toBe(false);
    await withFinalizer(world, object);
    expect(world.client.calls.map(({ body }) => body)).toEqual([
      { metadata: { finalizers: ['example.com/theirs', DRAIN], resourceVersion: '7' } },
    ]);
  });
});
