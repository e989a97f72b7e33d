import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podHook, podStatus } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject, restHookObject, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import { selfSigned } from '../../../test/harness/certificate.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Result } from '../../runtime/controller.ts';
import { reconcileRestHook } from './reconcile.ts';

const STATUS = 'PATCH /apis/sluice.dev/v1alpha1/namespaces/media/resthooks/backend/status';
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';
const BEARER = { auth: { type: 'bearer', secretRef: { name: 'hook' } } };

const object = (kind: string, name: string, data: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'media' },
  data,
});

describe('reconcileRestHook', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
  });
  afterEach(() => world.close());

  async function reconciled(): Promise<{ result: Result; writes: string[] }> {
    const result = await reconcileRestHook(world, 'media/backend');
    return { result, writes: world.settleWrites() };
  }
  const conditions = () => world.conditionsOf(world.stores.restHooks, 'backend');

  it('reports a valid RestHook once', async () => {
    world.have(restHookObject('backend'));
    expect(await reconciled()).toEqual({ result: { requeueAfterMs: 10_000 }, writes: [STATUS] });
    expect(conditions()).toEqual([
      'Accepted=True/Accepted',
      'ResolvedRefs=True/ResolvedRefs',
      'Reachable=Unknown/NotCalled',
      'Saturated=False/EnoughConnections',
      'Ready=True/Ready',
    ]);
    expect(await reconciled()).toEqual({ result: {}, writes: [] });
  });

  it.each<[string, string[], boolean]>([
    ['no MediaServer uses and another operator manages the first one', [], false],
    ['a MediaServer of another operator uses', ['a'], false],
    ['a MediaServer of its own uses', ['b'], true],
    ['MediaServers of both use', ['b', 'a'], false],
  ])('decides whether to report on a RestHook that %s', async (_what, users, isWritten) => {
    world.have(restHookObject('backend'));
    world.haveAsIs({ ...mediaServerObject({}, { name: 'a' }), status: { operator: { name: 'elsewhere/x' } } });
    world.have(mediaServerObject({}, { name: 'b' }));
    for (const name of users) {
      const spec = { mediaServerRef: { name }, restHookRef: { name: 'backend' } };
      world.have(streamAppObject(`app-${name}`, spec));
    }
    expect((await reconciled()).writes).toEqual(isWritten ? [STATUS] : []);
  });

  it.each<[string, object, KubeObject[]]>([
    ['credentials', BEARER, [object('Secret', 'hook', { token: 'dDE=' })]],
    [
      'a CA bundle',
      { tls: { caBundleRef: { name: 'ca' } } },
      [object('ConfigMap', 'ca', { 'ca.crt': selfSigned('backend').cert })],
    ],
  ])('reads %s again every half minute', async (_what, spec, objects) => {
    world.have(restHookObject('backend', { ...spec }));
    for (const each of objects) world.have(each);
    await reconciled();
    expect((await reconciled()).result).toEqual({ requeueAfterMs: 30_000 });
    expect(conditions()).toContain('ResolvedRefs=True/ResolvedRefs');
  });

  it.each<[string, object, KubeObject[], string]>([
    ['missing credentials', BEARER, [], 'Secret \\"hook\\" does not exist'],
    ['a missing key', BEARER, [object('Secret', 'hook', { key: 'dDE=' })], 'has no key \\"token\\"'],
    ['a missing CA bundle', { tls: { caBundleRef: { name: 'ca' } } }, [], 'ConfigMap \\"ca\\"'],
  ])('looks for %s every five seconds, and reports it without its content', async (_what, spec, objects, message) => {
    world.have(restHookObject('backend', { ...spec }));
    for (const each of objects) world.have(each);
    expect(await reconciled()).toEqual({ result: { requeueAfterMs: 5_000 }, writes: [STATUS, EVENT] });
    expect(conditions()).toContain('ResolvedRefs=False/RefNotFound');
    const status = JSON.stringify(world.statusOf(world.stores.restHooks, 'backend'));
    expect(status).toContain(message);
    expect(status).not.toContain('dDE=');
  });

  it('reports an invalid spec', async () => {
    world.have(restHookObject('backend', { url: 'ftp://backend.example' }));
    expect(await reconciled()).toEqual({ result: { requeueAfterMs: 10_000 }, writes: [STATUS, EVENT] });
    expect(conditions()).toEqual([
      'Accepted=False/InvalidSpec',
      'ResolvedRefs=Unknown/InvalidSpec',
      'Ready=False/InvalidSpec',
    ]);
  });

  it('reports what pods observe of the backend, with an Event when it fails and when it recovers', async () => {
    world.have(restHookObject('backend'));
    const pods = world.fleets.of('media/live').reports;
    const say = (over: Parameters<typeof podHook>[1]) => {
      pods.set('u1', { kind: 'answered', status: podStatus({ hooks: [podHook('backend', over)] }) });
    };
    say({ lastFailureAt: 1, recentCalls: 1, recentFailures: 1, saturated: true });
    expect((await reconciled()).writes).toEqual([STATUS, EVENT, EVENT]);
    expect(conditions()).toEqual(expect.arrayContaining(['Reachable=False/Failing', 'Saturated=True/ChecksWait']));
    say({ lastSuccessAt: 2, lastFailureAt: 1 });
    expect((await reconciled()).writes).toEqual([STATUS, EVENT, EVENT]);
    expect(conditions()).toEqual(
      expect.arrayContaining(['Reachable=True/Answering', 'Saturated=False/EnoughConnections']),
    );
  });

  it.each([
    ['is gone', null],
    ['is being deleted', restHookObject('backend', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('ignores a RestHook that %s', async (_what, each) => {
    if (each) world.have(each);
    expect(await reconciled()).toEqual({ result: {}, writes: [] });
  });
});
