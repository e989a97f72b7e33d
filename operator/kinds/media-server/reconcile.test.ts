import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetKey, podStatus } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import {
  childMetadata,
  mediaServerObject,
  parentOf,
  podObject,
  streamAppObject,
} from '../../../test/builders/sluice-objects.ts';
import { buildAssetsSecret, captureKeysOf, fleetKeysOf } from '../../builders/assets-secret.ts';
import { ApiError, classifyError, NotLeaderError } from '../../kube/api-error.ts';
import { type KubeObject, type ResourceType, TYPES } from '../../kube/objects.ts';
import { reconcileMediaServer } from './reconcile.ts';

const KEY = 'media/live';
const KEYS = { fleet: [fleetKey('fleet-1')], capture: [fleetKey('capture-1')] };
const FINALIZED = { finalizers: ['sluice.dev/drain'] };
const at = (path: string) => (path.startsWith('v1/') ? `/api/${path}` : `/apis/${path}`);
const SECRET = at('v1/namespaces/media/secrets/live-assets');
const CONFIG_MAP = at('v1/namespaces/media/configmaps/live-config');
const DEPLOYMENT = at('apps/v1/namespaces/media/deployments/live');
const MEDIA_SERVER = at('sluice.dev/v1alpha1/namespaces/media/mediaservers/live');
const CONFIG = [`PATCH ${SECRET}`, `PATCH ${CONFIG_MAP}`];
const CHILDREN = [
  `PATCH ${at('v1/namespaces/media/serviceaccounts/live')}`,
  `PATCH ${at('v1/namespaces/media/services/live')}`,
  `PATCH ${at('networking.k8s.io/v1/namespaces/media/networkpolicies/live')}`,
  `PATCH ${at('policy/v1/namespaces/media/poddisruptionbudgets/live')}`,
  `PATCH ${DEPLOYMENT}`,
];
const STATUS = `PATCH ${MEDIA_SERVER}/status`;
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';

describe('reconcileMediaServer', () => {
  let world: OperatorWorld;
  let told: string[];

  beforeEach(() => {
    world = new OperatorWorld();
    told = [];
  });
  afterEach(() => world.close());

  const reconcile = () =>
    reconcileMediaServer(
      world,
      {
        image: 'registry.example/sluice:1',
        sourcesImage: 'registry.example/sluice-sources:1',
        onFleetChange: (key) => told.push(key),
      },
      KEY,
    );

  /** Reconciles once, feeds the writes back into the stores and returns them. */
  async function reconciled(): Promise<string[]> {
    await reconcile();
    return world.settleWrites();
  }

  const conditions = () => world.conditionsOf(world.stores.mediaServers);

  /** A pod that reports the newest rendered config. */
  function runs(uid = 'u1', over: Parameters<typeof podStatus>[0] = {}): void {
    world.have(podObject({ running: {} }, { uid, name: `live-${uid}` }));
    const fleet = world.fleets.of(KEY);
    fleet.reports.set(uid, { kind: 'answered', status: podStatus({ hash: fleet.rendered?.hash ?? '', ...over }) });
  }

  it('writes only a claim for a MediaServer that another operator manages, and polls none of its pods', async () => {
    const status = { operator: { name: 'elsewhere/sluice-operator' } };
    world.fleets.of(KEY);
    for (const metadata of [{}, { ...FINALIZED, deletionTimestamp: '2026-01-01T00:00:00Z' }]) {
      world.haveAsIs({ ...mediaServerObject({ replicas: -1 }, metadata), status });
      expect(await reconcile()).toMatchObject({ requeueAfterMs: expect.any(Number) });
    }
    expect(world.settleWrites()).toEqual([STATUS, EVENT]);
    expect(world.fleets.find(KEY)).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('adopts a MediaServer without an operator before it writes anything else', async () => {
    world.haveAsIs(mediaServerObject());
    await reconcile();
    expect(world.settleWrites()).toEqual([STATUS, `PATCH ${MEDIA_SERVER}`, ...CONFIG, ...CHILDREN, STATUS]);
  });

  it('sets up a new MediaServer in order: finalizer, config, children, status', async () => {
    world.have(mediaServerObject());
    expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
    expect(world.settleWrites()).toEqual([`PATCH ${MEDIA_SERVER}`, ...CONFIG, ...CHILDREN, STATUS]);
    expect(world.stores.mediaServers.get(KEY)?.metadata.finalizers).toEqual(['sluice.dev/drain']);
    expect(world.statusOf(world.stores.mediaServers)).toMatchObject({
      observedGeneration: 1,
      selector: 'app.kubernetes.io/name=sluice-media-server,app.kubernetes.io/instance=live',
      endpoints: { http: 'http://live.media.svc:8081' },
      podsInSync: '0/0',
      publications: 0,
      playbacks: 0,
    });
    expect(conditions()).toEqual([
      'Available=False/NoReadyPods',
      'Progressing=True/DeploymentPending',
      'ConfigApplied=Unknown/NoPods',
      'FleetReady=Unknown/NoPods',
      'Degraded=False/AsExpected',
      'Ready=False/DeploymentPending',
    ]);
    expect(told).toEqual([KEY]);
  });

  it('writes nothing and notifies nobody when nothing has changed', async () => {
    world.have(mediaServerObject({ resources: { limits: { cpu: 2, memory: '1024Mi' } } }, FINALIZED));
    await reconciled();
    await reconciled();
    told.length = 0;
    await world.clock.advance(60_000);
    expect([await reconciled(), told]).toEqual([[], []]);
  });

  /** A MediaServer with all its pods. */
  async function settled(): Promise<void> {
    world.have(mediaServerObject({}, FINALIZED));
    await reconciled();
    const deployment = world.stores.deployments.get(KEY);
    if (!deployment) throw new Error('there is no Deployment');
    const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 };
    world.have({ ...deployment, metadata: { ...deployment.metadata, generation: 1 }, status });
    await reconciled();
    expect(conditions()).toContain('Progressing=False/Settled');
  }

  it('reports a rollout as soon as the Deployment is written', async () => {
    await settled();
    world.have(mediaServerObject({ workers: 2 }, { ...FINALIZED, generation: 2 }));
    await reconciled();
    expect(conditions()).toContain('Progressing=True/DeploymentPending');
  });

  it('reports a rollout even if a later write fails', async () => {
    await settled();
    world.have(mediaServerObject({ workers: 2, ingress: {} }, { ...FINALIZED, generation: 2 }));
    const ingress = at('networking.k8s.io/v1/namespaces/media/ingresses/live');
    world.client.refuse(ingress, new ApiError('later', { status: 503 }), 'PATCH');
    await expect(reconcile()).rejects.toThrow('later');
    world.settleWrites();
    expect(conditions()).toContain('Progressing=True/DeploymentPending');
  });

  it('reports the endpoints, and removes those that are gone', async () => {
    world.have(mediaServerObject({ ingress: { host: 'live.example' } }, FINALIZED));
    await reconciled();
    const endpoints = { http: 'http://live.example', https: null, ws: null, wss: null };
    expect(world.statusOf(world.stores.mediaServers)['endpoints']).toEqual(endpoints);
  });

  it('gives pods the certificate of the Web SDK', async () => {
    const data = { 'tls.crt': 'Q0VSVA==', 'tls.key': 'S0VZ' };
    const metadata = { name: 'tls', namespace: 'media' };
    world.have({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data });
    world.have(mediaServerObject({ webSdk: { https: { certificateRef: { name: 'tls' } } } }, FINALIZED));
    await reconciled();
    const { certificate = '', key = '' } = world.fleets.of(KEY).rendered?.push.config.webSdk?.https ?? {};
    const { assets = {} } = world.fleets.of(KEY).rendered?.push ?? {};
    expect([assets[certificate], assets[key]]).toEqual([data['tls.crt'], data['tls.key']]);
  });

  it('has as many pods as autoscaling decides, whatever spec.replicas says', async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 3, targetStreams: 100 };
    world.have(mediaServerObject({ replicas: 7, autoscaling }, FINALIZED));
    await reconciled();
    expect(world.stores.deployments.get(KEY)?.['spec']).toMatchObject({ replicas: 2 });
    expect(world.statusOf(world.stores.mediaServers)).toMatchObject({ desiredReplicas: 2 });
    expect(await reconcile()).toEqual({ requeueAfterMs: 10_000 });
  });

  describe('if the API server', () => {
    beforeEach(() => void world.have(mediaServerObject({}, FINALIZED)));
    const answer = (status: number, message: string) =>
      new ApiError(`PATCH ${DEPLOYMENT}: ${status} ${message}`, { status });

    it.each([400, 403, 422, 500])('refuses a child with %i, creates the others and reports why', async (status) => {
      world.client.refuse(at('v1/namespaces/media/services/live'), answer(status, 'no such type'), 'PATCH');
      expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
      expect(world.settleWrites()).toEqual([...CONFIG, ...CHILDREN, STATUS, EVENT]);
      expect(conditions()).toEqual(
        expect.arrayContaining(['Degraded=True/ServiceRefused', 'Progressing=True/ServiceRefused']),
      );
      expect(JSON.stringify(world.statusOf(world.stores.mediaServers))).toContain(
        `the API server refuses Service \\"live\\": ${status} no such type`,
      );
    });

    it.each([409, 429, 503, 0])(
      'cannot accept a child now (%i), still writes the status and tries again',
      async (status) => {
        world.client.refuse(DEPLOYMENT, answer(status, 'later'), 'PATCH');
        await expect(reconcile()).rejects.toThrow('later');
        expect(world.settleWrites()).toEqual([...CONFIG, ...CHILDREN, STATUS]);
        expect(conditions()).toContain('Degraded=False/AsExpected');
      },
    );

    it.each<[string, string, number, string]>([
      ['refuses the credentials', SECRET, 403, 'SecretRefused'],
      ['refuses the config', CONFIG_MAP, 422, 'ConfigMapRefused'],
    ])('%s, pushes nothing to pods and reports why', async (_what, path, status, reason) => {
      world.client.refuse(path, answer(status, 'exceeded quota'), 'PATCH');
      expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
      world.settleWrites();
      expect(conditions()).toEqual(
        expect.arrayContaining([`ConfigApplied=False/${reason}`, `Degraded=True/${reason}`]),
      );
      expect(world.fleets.of(KEY).rendered).toBeNull();
    });

    it('may have accepted the config although its answer was lost, reads it again', async () => {
      world.client.refuse(CONFIG_MAP, answer(0, 'the answer was cut off'), 'PATCH');
      await expect(reconcile()).rejects.toThrow('cut off');
      world.client.takeWrites();
      await expect(reconcile()).rejects.toThrow('cut off');
      expect(world.client.calls).toContainEqual({ method: 'GET', path: CONFIG_MAP });
    });

    it('cannot accept the config now, does not report it as applied', async () => {
      await reconciled();
      runs();
      await reconciled();
      expect(conditions()).toContain('ConfigApplied=True/Applied');
      world.have({
        ...mediaServerObject({ keepAlive: { enabled: true } }, { ...FINALIZED, generation: 2 }),
        status: {},
      });
      world.client.refuse(CONFIG_MAP, answer(503, 'later'), 'PATCH');
      await expect(reconcile()).rejects.toThrow('later');
      const writes = world.settleWrites();
      expect(writes.slice(0, 2)).toEqual([`PATCH ${CONFIG_MAP}`, STATUS]);
      expect(world.statusOf(world.stores.mediaServers)['observedGeneration']).toBe(2);
      expect(conditions()).toContain('ConfigApplied=False/ConfigNotWritten');
    });

    it.each<[string, string, string]>([
      ['child', 'services/live', 'Degraded=True/NameTaken'],
      ['config', 'configmaps/live-config', 'ConfigApplied=False/NameTaken'],
      ['credentials', 'secrets/live-assets', 'ConfigApplied=False/NameTaken'],
    ])('has a %s of the same name that is not owned, leaves it alone and reports it', async (_what, path, seen) => {
      const [plural = '', name = ''] = path.split('/');
      const type = Object.values<ResourceType>(TYPES).find((each) => each.plural === plural);
      if (!type) throw new Error(plural);
      const { apiVersion, kind } = type;
      world.client.have(type, { apiVersion, kind, metadata: { name, namespace: 'media', uid: 'foreign' } });
      // Retried soon: the object may belong to a deleted MediaServer and be about to go.
      expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
      expect(world.settleWrites()).not.toContain(`PATCH ${at(`v1/namespaces/media/${path}`)}`);
      expect(conditions()).toContain(seen);
    });

    it('has no PodMonitor kind, creates the others and reports it', async () => {
      world.have(mediaServerObject({ podMonitor: true }, FINALIZED));
      const path = at('monitoring.coreos.com/v1/namespaces/media/podmonitors/live');
      world.client.refuse(path, new ApiError('404', { status: 404 }));
      await reconciled();
      expect(conditions()).toContain('Degraded=True/PodMonitorUnavailable');
    });
  });

  it('recreates a deleted MediaServer of the same name without waiting for old reads to expire', async () => {
    world.have(mediaServerObject({}, FINALIZED));
    await reconciled();
    await reconciled();
    world.stores.mediaServers.delete(KEY);
    await reconciled();
    for (const type of [TYPES.ConfigMap, TYPES.Secret])
      world.client.lose(type, 'media', type === TYPES.Secret ? 'live-assets' : 'live-config');
    world.have(mediaServerObject({}, { ...FINALIZED, uid: 'another' }));
    await reconciled();
    expect(conditions()).not.toContain('ConfigApplied=False/NameTaken');
  });

  it('recreates a deleted Secret with the keys that its pods have', async () => {
    world.have(mediaServerObject({}, FINALIZED));
    await reconcile();
    const writtenKeys = () => {
      const write = world.client.accepted.findLast(({ method, path }) => method === 'PATCH' && path === SECRET);
      const secret = (write?.body ?? null) as KubeObject | null;
      return [...fleetKeysOf(secret), ...captureKeysOf(secret)];
    };
    const before = writtenKeys();
    world.settleWrites();
    await world.clock.advance(30_000);
    world.client.lose(TYPES.Secret, 'media', 'live-assets');
    await reconcile();
    expect([before.length, writtenKeys()]).toEqual([2, before]);
  });

  it('creates capture pods when there are captures, and removes them when there are none', async () => {
    const capture = { allow: [{ cidr: '10.20.0.0/16' }] };
    const [policy, deployment] = [
      at('networking.k8s.io/v1/namespaces/media/networkpolicies/live-capture'),
      at('apps/v1/namespaces/media/deployments/live-capture'),
    ];
    await settled();
    await reconciled();
    world.have(mediaServerObject({ capture }, { ...FINALIZED, generation: 2 }));
    const ofMedia = at('networking.k8s.io/v1/namespaces/media/networkpolicies/live');
    expect(await reconciled()).toEqual([`PATCH ${ofMedia}`, `PATCH ${policy}`, `PATCH ${deployment}`, STATUS]);
    world.have(mediaServerObject({}, { ...FINALIZED, generation: 3 }));
    const deletes = (await reconciled()).filter((write) => write.startsWith('DELETE'));
    expect(deletes).toEqual([`DELETE ${policy}`, `DELETE ${deployment}`]);
  });

  it('removes a child that is no longer wanted, if it owns it', async () => {
    const ingress = (name: string, uid: string): KubeObject => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        ...childMetadata(name),
        ownerReferences: childMetadata(name).ownerReferences.map((owner) => ({ ...owner, uid })),
      },
    });
    world.have(mediaServerObject({}, FINALIZED));
    world.have(ingress('live', 'uid-live'));
    world.have(ingress('theirs', 'uid-other'));
    const deletes = (await reconciled()).filter((write) => write.startsWith('DELETE'));
    expect(deletes).toEqual([`DELETE ${at('networking.k8s.io/v1/namespaces/media/ingresses/live')}`]);
  });

  describe('keeps the last good config while the spec cannot be rendered', () => {
    const broken = mediaServerObject({ rest: { authRef: { name: 'api' } } }, { ...FINALIZED, generation: 2 });

    it('and touches nothing else', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      await reconciled();
      const { rendered } = world.fleets.of(KEY);
      world.have(broken);
      expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
      expect(world.settleWrites()).toEqual([STATUS, EVENT, EVENT]);
      expect(conditions()).toEqual(
        expect.arrayContaining(['ConfigApplied=False/InvalidReference', 'Degraded=True/InvalidReference']),
      );
      expect(world.fleets.of(KEY).rendered).toBe(rendered);
      expect(told).toEqual([KEY, KEY]);
    });

    it('and keeps its status, even if the operator has just started', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      await reconciled();
      runs();
      await reconciled();
      const { apps, configHash, podsInSync } = world.statusOf(world.stores.mediaServers);
      const { rendered } = world.fleets.of(KEY);
      expect({ configHash, podsInSync }).toEqual({ configHash: rendered?.hash, podsInSync: '1/1' });
      await world.fleets.forget(KEY);
      world.have({ ...broken, status: world.stores.mediaServers.get(KEY)?.['status'] });
      await reconciled();
      expect(world.statusOf(world.stores.mediaServers)).toMatchObject({ apps, configHash, podsInSync });
    });

    it('and polls its pods, even if the operator has just started', async () => {
      world.have(buildAssetsSecret(parentOf(), new Map(), KEYS));
      world.have(broken);
      await reconciled();
      expect(world.fleets.of(KEY).client).not.toBeNull();
    });

    it('and polls its pods, even if the spec cannot be read', async () => {
      world.have(buildAssetsSecret(parentOf(), new Map(), KEYS));
      world.have(mediaServerObject({ replicas: -1 }, FINALIZED));
      expect(await reconcile()).toEqual({});
      expect(world.settleWrites()).toEqual([STATUS, EVENT, EVENT]);
      expect(conditions()).toEqual([
        'ConfigApplied=False/InvalidSpec',
        'Degraded=True/InvalidSpec',
        'Ready=False/InvalidSpec',
      ]);
      expect(world.fleets.of(KEY).client).not.toBeNull();
      expect(told).toEqual([KEY]);
    });
  });

  describe('notifies apps and hooks', () => {
    beforeEach(async () => {
      world.have(mediaServerObject({}, FINALIZED));
      await reconciled();
      runs();
      await reconciled();
      told.length = 0;
    });

    it('of nothing when only counts have changed', async () => {
      runs('u1', { publications: 7 });
      await reconciled();
      expect(told).toEqual([]);
    });

    it('of a new report of a pod, whoever polled it', async () => {
      runs('u1', { draining: true });
      await reconciled();
      expect(told).toEqual([KEY]);
    });

    it('of a container that has ended, and drops its report', async () => {
      world.have(podObject({ waiting: { reason: 'CrashLoopBackOff' } }, { name: 'live-u1' }));
      await reconciled();
      expect(told).toEqual([KEY]);
      expect([...world.fleets.of(KEY).reports]).toEqual([]);
      expect(conditions()).toContain('Degraded=True/CrashLoopBackOff');
    });

    it('of an app that has been observed', async () => {
      world.have(streamAppObject('news'));
      await reconciled();
      expect(told).toEqual([KEY]);
      expect(world.fleets.of(KEY).rendered?.apps).toEqual(new Map([['news', 1]]));
    });
  });

  describe('is requeued', () => {
    it('after half a minute, to read references again', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
    });

    it('after five seconds while a reference of an app is missing', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      world.have(streamAppObject('news', { restHookRef: { name: 'gone' } }));
      expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
    });

    it('after half a second while a pod does not have the roster', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      world.have(podObject({ running: {} }));
      expect(await reconcile()).toEqual({ requeueAfterMs: 500 });
    });

    it('not at once for a pod that has refused the config', async () => {
      world.have(mediaServerObject({}, FINALIZED));
      await reconciled();
      const hash = world.fleets.of(KEY).rendered?.hash ?? '';
      runs('u1', { hash: 'old', refused: { hash, reason: 'no such codec' } });
      expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
    });
  });

  it('forgets a MediaServer that is gone, and notifies its apps', async () => {
    world.fleets.of(KEY).use(fleetKey('fleet-1'));
    expect(await reconcile()).toEqual({});
    expect([world.fleets.find(KEY), told, world.settleWrites()]).toEqual([undefined, [KEY], []]);
  });
});

describe('classifyError', () => {
  it.each<[string, unknown, ReturnType<typeof classifyError>]>([
    ['a conflict', new ApiError('', { status: 409 }), { quiet: true, retryAfterMs: 0 }],
    ['another replica that leads', new NotLeaderError('PATCH x'), { quiet: true, retryAfterMs: 0 }],
    [
      'an API server that is busy',
      new ApiError('', { status: 429, retryAfterMs: 3_000 }),
      { quiet: false, retryAfterMs: 3_000 },
    ],
    ['an API server that is gone', new ApiError('', { status: 0 }), { quiet: false, retryAfterMs: 0 }],
    ['an internal error', new TypeError('x is undefined'), { quiet: false, retryAfterMs: 0 }],
  ])('classifies %s', (_what, error, expected) => expect(classifyError(error)).toEqual(expected));
});
