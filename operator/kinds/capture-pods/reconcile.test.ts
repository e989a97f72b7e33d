import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureObject, capturePodObject } from '../../../test/builders/captures.ts';
import { fleetKey } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject, podObject, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import { FakeCapturePod } from '../../../test/harness/fake-capture-pod.ts';
import { ApiError } from '../../kube/api-error.ts';
import { heldOf } from '../stream-capture/held.ts';
import { reconcileCapturePods } from './reconcile.ts';

const KEY = 'media/live';
const CAPTURE_KEY = fleetKey('capture-1');
const ALLOW = [{ cidr: '10.20.0.0/16' }];
const STATUS = '/apis/sluice.dev/v1alpha1/namespaces/media/streamcaptures/gate/status';
const ASK = 'GET /internal/captures';
const PUSH = 'PUT /internal/captures';

describe('reconcileCapturePods', () => {
  let world: OperatorWorld;
  let pods: FakeCapturePod[];
  let changes: string[];

  beforeEach(() => {
    world = new OperatorWorld();
    pods = [];
    changes = [];
    world.have(mediaServerObject({ capture: { allow: ALLOW } }));
    world.have(streamAppObject('default', { appKey: 'defaultApp' }));
    world.fleets.of(KEY).captures.use(CAPTURE_KEY);
  });
  afterEach(async () => {
    await world.close();
    for (const pod of pods) pod.stop();
  });

  /** A running capture pod. */
  async function started(uid: string, key = CAPTURE_KEY): Promise<FakeCapturePod> {
    const pod = await FakeCapturePod.start(key);
    pods.push(pod);
    world.have(capturePodObject(uid, { port: pod.port }));
    return pod;
  }

  const reconcile = () => reconcileCapturePods(world, { onChange: (key) => changes.push(key) }, KEY);
  /** Reconciles once, feeds the writes back into the stores and returns them. */
  async function reconciled(): Promise<string[]> {
    await reconcile();
    return world.settleWrites();
  }
  const assignmentOf = (name = 'gate') => world.statusOf(world.stores.streamCaptures, name)['assignment'];
  const namesOf = (pod: FakeCapturePod) => pod.orders?.map(({ name }) => name);

  it('writes which pod has a capture, and tells that pod all it needs', async () => {
    const pod = await started('a');
    const secret = {
      username: Buffer.from('admin').toString('base64'),
      password: Buffer.from('sesame').toString('base64'),
    };
    world.have({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cam', namespace: 'media' }, data: secret });
    world.have(captureObject('gate', { rtsp: { url: 'rtsp://10.20.0.7/main', credentialsRef: { name: 'cam' } } }));
    expect(await reconciled()).toEqual([`PATCH ${STATUS}`]);
    expect(assignmentOf()).toEqual({ pod: 'live-capture-a', podUid: 'a', epoch: 1 });
    expect(pod.orders).toMatchObject([
      {
        uid: 'uid-gate',
        epoch: 1,
        appKey: 'defaultApp',
        name: 'gate',
        source: { kind: 'rtsp', url: 'rtsp://10.20.0.7/main', user: 'admin', password: 'sesame' },
        allow: ALLOW,
      },
    ]);
    expect(JSON.stringify(world.client.accepted)).not.toContain('sesame');
  });

  it('tells a pod of the media pods that take streams', async () => {
    const pod = await started('a');
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
    const readyPod = (name: string, over: object = {}): void => {
      const media = podObject({ running: {} }, { name, uid: name, ...over });
      world.have({ ...media, status: { ...(media['status'] as object), ...ready } });
    };
    readyPod('live-1');
    world.have(podObject({ running: {} }, { name: 'not-ready', uid: 'not-ready' }));
    readyPod('draining', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    readyPod('about-to-be-removed');
    world.fleets.of(KEY).cordoned = new Set(['about-to-be-removed']);
    await reconciled();
    expect(pod.mediaPods).toEqual([{ pod: 'live-1', address: '127.0.0.1', port: 9091 }]);
  });

  it('tells no pod of a capture whose assignment was not written', async () => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    world.client.refuse(STATUS, new ApiError('it has changed', { status: 409 }), 'PATCH');
    await expect(reconcile()).rejects.toThrow('it has changed');
    expect(pod.orders).toEqual([]);
  });

  it('tells pods of the captures whose assignments were written when another write fails, and fails then', async () => {
    const pod = await started('a');
    for (const name of ['gate', 'hall', 'yard']) world.have(captureObject(name));
    world.client.refuse(STATUS, new ApiError('it has changed', { status: 409 }), 'PATCH');
    await expect(reconcile()).rejects.toThrow('it has changed');
    expect(namesOf(pod)).toEqual(['hall', 'yard']);
    expect(changes).toEqual([KEY]);
  });

  it('leaves a capture on its pod, which is going away, when its next assignment cannot be written', async () => {
    const a = await started('a');
    world.have(captureObject('gate'));
    await reconciled();
    const b = await started('b');
    world.have(capturePodObject('a', { port: a.port, deletionTimestamp: '2026-01-01T00:00:00Z' }));
    world.client.refuse(STATUS, new ApiError('it has changed', { status: 409 }), 'PATCH');
    await expect(reconcile()).rejects.toThrow('it has changed');
    expect([namesOf(a), namesOf(b)]).toEqual([['gate'], []]);
  });

  it('sends the observed resourceVersion with an assignment', async () => {
    await started('a');
    const { metadata } = world.have(captureObject('gate'));
    await reconcile();
    expect(world.client.accepted).toMatchObject([
      { method: 'PATCH', path: STATUS, body: { metadata: { resourceVersion: metadata.resourceVersion } } },
    ]);
  });

  it('skips a capture that is gone', async () => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    world.client.refuse(STATUS, new ApiError('not found', { status: 404 }), 'PATCH');
    await reconcile();
    expect(pod.orders).toEqual([]);
  });

  it('only asks a pod that has its captures, and pushes again to one that has started again', async () => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    await reconciled();
    expect(pod.takeCalls()).toEqual([PUSH]);
    expect(await reconciled()).toEqual([]);
    expect(pod.takeCalls()).toEqual([ASK]);
    pod.restart();
    await reconcile();
    await reconcile();
    expect(pod.takeCalls()).toEqual([ASK, PUSH]);
    expect(namesOf(pod)).toEqual(['gate']);
  });

  it('does not assign twice while the watch is behind', async () => {
    await started('a');
    world.have(captureObject('gate'));
    await reconcile();
    expect(world.client.takeWrites()).toHaveLength(1);
    await reconcile();
    expect(world.client.takeWrites()).toEqual([]);
  });

  it('keeps a capture on a pod that is not ready for less than 10 s, then moves it with a higher epoch', async () => {
    const [a, b] = [await started('a'), await started('b')];
    world.have(captureObject('gate'));
    await reconciled();
    const isOnA = namesOf(a)?.length === 1;
    const [old, next, uid] = isOnA ? [a, b, 'a'] : [b, a, 'b'];
    world.have(capturePodObject(uid, { port: old.port, isReady: false }));
    expect(await reconcile()).toEqual({ requeueAfterMs: 2_000 });
    await world.clock.advance(9_000);
    expect(await reconcile()).toEqual({ requeueAfterMs: 1_000 });
    expect(world.settleWrites()).toEqual([]);
    expect(namesOf(old)).toEqual(['gate']);
    await world.clock.advance(1_000);
    expect(await reconciled()).toEqual([`PATCH ${STATUS}`]);
    expect(assignmentOf()).toMatchObject({ podUid: isOnA ? 'b' : 'a', epoch: 2 });
    expect([namesOf(old), namesOf(next)]).toEqual([[], ['gate']]);
  });

  it('starts to count again when a pod has been ready in between', async () => {
    const a = await started('a');
    world.have(captureObject('gate'));
    await reconciled();
    await started('b');
    for (const isReady of [false, true, false]) {
      world.have(capturePodObject('a', { port: a.port, isReady }));
      await reconcile();
      await world.clock.advance(6_000);
    }
    await reconcile();
    expect(world.settleWrites()).toEqual([]);
  });

  it('moves the captures of a pod that is being deleted at once, and of one that is gone', async () => {
    const a = await started('a');
    world.have(captureObject('gate'));
    await reconciled();
    const b = await started('b');
    world.have(capturePodObject('a', { port: a.port, deletionTimestamp: '2026-01-01T00:00:00Z' }));
    await reconciled();
    expect(assignmentOf()).toMatchObject({ podUid: 'b', epoch: 2 });
    expect([namesOf(a), namesOf(b)]).toEqual([[], ['gate']]);
    world.stores.pods.delete('media/live-capture-b');
    await started('c');
    await reconciled();
    expect(assignmentOf()).toMatchObject({ podUid: 'c', epoch: 3 });
  });

  const held = { cause: 'keepalive', info: 'x', generation: 1, time: '2026-01-01T00:00:00Z' };

  it.each<[string, Parameters<typeof captureObject>, object]>([
    ['suspended', ['gate', { suspend: true }], {}],
    ['held', ['gate'], { held }],
    [
      'held since its restart',
      ['gate', {}, { annotations: { 'sluice.dev/restart': '1' } }],
      { held: { ...held, restart: '1' } },
    ],
    ['of an address that is not allowed', ['gate', { rtsp: { url: 'rtsp://10.21.0.7/main' } }], {}],
    ['of an app that does not exist', ['gate', { appRef: { name: 'gone' } }], {}],
    ['being deleted', ['gate', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }], {}],
  ])('does not capture one that is %s', async (_what, [name, spec, metadata], status) => {
    const pod = await started('a');
    const assignment = { pod: 'live-capture-a', podUid: 'a', epoch: 4 };
    world.have({ ...captureObject(name, spec, metadata), status: { assignment, ...status } });
    await reconciled();
    expect(pod.orders).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, object]>([
    ['suspended', { suspend: true }, {}],
    ['held', {}, { held }],
  ])('gives no room to a capture that is %s, whether or not it has a pod', async (_what, spec, status) => {
    const pod = await started('a');
    world.have(mediaServerObject({ capture: { allow: ALLOW, capturesPerPod: 1 } }));
    const assignment = { pod: 'live-capture-a', podUid: 'a', epoch: 4 };
    world.have({ ...captureObject('door', spec), status: { assignment, ...status } });
    world.have({ ...captureObject('alley', spec), status });
    world.have(captureObject('gate'));
    await reconciled();
    expect(namesOf(pod)).toEqual(['gate']);
    expect(assignmentOf('door')).toEqual({ pod: '', podUid: '', epoch: 5 });
    expect(assignmentOf('alley')).toBeUndefined();
    expect(await reconciled()).toEqual([]);
  });

  it('gives a capture that goes on to a pod with room, and to none without', async () => {
    const a = await started('a');
    world.have(mediaServerObject({ capture: { allow: ALLOW, capturesPerPod: 1 } }));
    const setSuspend = (suspend: boolean) => {
      const status = world.statusOf(world.stores.streamCaptures, 'door');
      world.have({ ...captureObject('door', { suspend }), status });
    };
    world.have(captureObject('door'));
    await reconciled();
    setSuspend(true);
    world.have(captureObject('gate'));
    await reconciled();
    setSuspend(false);
    await reconciled();
    expect(namesOf(a)).toEqual(['gate']);
    const b = await started('b');
    await reconciled();
    expect([namesOf(a), namesOf(b)]).toEqual([['gate'], ['door']]);
    expect(assignmentOf('door')).toMatchObject({ podUid: 'b', epoch: 3 });
  });

  it('tells no pod of a suspended capture, also if its release cannot be written', async () => {
    const pod = await started('a');
    const assignment = { pod: 'live-capture-a', podUid: 'a', epoch: 4 };
    world.have({ ...captureObject('gate', { suspend: true }), status: { assignment } });
    world.client.refuse(STATUS, new ApiError('it has changed', { status: 409 }), 'PATCH');
    await expect(reconcile()).rejects.toThrow('it has changed');
    expect(pod.orders).toEqual([]);
  });

  it.each<[string, Parameters<typeof captureObject>, object]>([
    ['a new generation', ['gate', {}, { generation: 2 }], { held }],
    [
      'a new value of the annotation',
      ['gate', {}, { annotations: { 'sluice.dev/restart': '2' } }],
      { held: { ...held, restart: '1' } },
    ],
  ])('captures one that was held again after %s, with another number for the media servers', async (...row) => {
    const [, [name, spec, metadata], status] = row;
    const pod = await started('a');
    const assignment = { pod: 'live-capture-a', podUid: 'a', epoch: 4 };
    world.have({ ...captureObject(name, spec, metadata), status: { assignment, ...status } });
    await reconciled();
    const [order] = pod.orders ?? [];
    expect(order?.epoch).toBe(4);
    expect(order?.generation).toBeGreaterThan(2 ** 20);
  });

  it('says that the pods say something new, but of figures only the first', async () => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    await reconciled();
    expect(changes).toEqual([KEY]);
    pod.states.set('uid-gate', { bitrate: 2_000_000, keyFrameIntervalMs: 2_000 });
    await reconcile();
    expect(changes).toEqual([KEY, KEY]);
    pod.states.set('uid-gate', { bitrate: 3_000_000, keyFrameIntervalMs: 1_000 });
    await reconcile();
    expect(changes).toEqual([KEY, KEY]);
    pod.states.set('uid-gate', { reason: 'Stalled' });
    await reconcile();
    expect(changes).toEqual([KEY, KEY, KEY]);
  });

  it('looks again soon while a source is being connected to, and while a pod does not answer', async () => {
    const pod = await started('a');
    pod.states.set('uid-gate', { reason: 'Connecting' });
    world.have(captureObject('gate'));
    expect(await reconcile()).toEqual({ requeueAfterMs: 500 });
    pod.states.clear();
    expect(await reconcile()).toEqual({ requeueAfterMs: 2_000 });
    pod.stop();
    expect(await reconcile()).toEqual({ requeueAfterMs: 500 });
    const { captures } = world.fleets.of(KEY);
    // What it said before still stands.
    expect(captures.stateOf('uid-gate', { pod: '', podUid: 'a', epoch: 1 })?.reason).toBe('Connected');
  });

  it('is refused by a pod with another key', async () => {
    const pod = await started('a', fleetKey('capture-2'));
    world.have(captureObject('gate'));
    await reconcile();
    expect(pod.orders).toBeNull();
    expect(world.fleets.of(KEY).captures.reports.get('a')).toMatchObject({ kind: 'failed', report: null });
  });

  it.each([
    ['has no captures', mediaServerObject()],
    [
      'is being deleted',
      mediaServerObject({ capture: { allow: ALLOW } }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    ],
    [
      'another operator manages',
      {
        ...mediaServerObject({ capture: { allow: ALLOW } }),
        status: { operator: { name: 'elsewhere/sluice-operator' } },
      },
    ],
  ])('leaves a MediaServer alone that %s', async (_what, object) => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    world.haveAsIs(object);
    expect(await reconcile()).toEqual({});
    expect(world.settleWrites()).toEqual([]);
    expect(pod.takeCalls()).toEqual([]);
  });

  it('waits for the key', async () => {
    const pod = await started('a');
    world.have(captureObject('gate'));
    await world.fleets.forget(KEY);
    expect(await reconcile()).toEqual({ requeueAfterMs: 500 });
    expect(pod.takeCalls()).toEqual([]);
  });

  describe('with spec.capture.rest', () => {
    const HELD = { cause: 'rest', info: 'Stopped', generation: 1, time: '2026-01-01T00:00:00Z' };
    const at = (seconds: number) => Date.UTC(2026, 0, 1, 0, 0, seconds);
    const object = () => world.stores.streamCaptures.get('media/gate');

    it('tells each pod what the REST API may capture, and which captures are held', async () => {
      world.have(mediaServerObject({ capture: { allow: ALLOW, rest: true, capturesPerPod: 5 } }));
      const both = [await started('a'), await started('b')];
      world.have({ ...captureObject('gate'), status: { held: HELD } });
      world.have(captureObject('off', { suspend: true }));
      expect(await reconcile()).toEqual({ requeueAfterMs: 2_000 });
      for (const pod of both) {
        expect(pod.rest).toEqual({
          pulls: { appKey: 'defaultApp', allow: ALLOW, most: 5 },
          held: [{ uid: 'uid-gate', appKey: 'defaultApp', name: 'gate', url: 'rtsp://10.20.0.7/main', at: at(0) }],
        });
        expect(pod.orders).toEqual([]);
      }
    });

    it('tells a pod nothing of it by default', async () => {
      const pod = await started('a');
      world.have({ ...captureObject('gate'), status: { held: HELD } });
      await reconcile();
      expect(pod.rest).toEqual({});
    });

    it('gives a held capture to a pod that the REST API has started again, once', async () => {
      world.have(mediaServerObject({ capture: { allow: ALLOW, rest: true } }));
      const pod = await started('a');
      world.have({ ...captureObject('gate'), status: { held: HELD } });
      pod.resumed = [
        { uid: 'uid-gate', at: at(7), heldAt: at(0) + 300 },
        { uid: 'uid-other', at: at(8), heldAt: at(0) },
      ];
      expect(await reconciled()).toEqual([`PATCH ${STATUS}`]);
      expect(object()?.['status']).toMatchObject({ resumed: '2026-01-01T00:00:07Z' });
      expect(heldOf(object() ?? captureObject('gone'))).toBeNull();
      const [before] = pod.orders ?? [];
      await reconciled();
      expect([before, namesOf(pod)]).toEqual([undefined, ['gate']]);
      // It was ended again, by a pod whose clock is slow.
      const held = { ...HELD, restart: '2026-01-01T00:00:07Z', time: '2026-01-01T00:00:05Z' };
      world.have({ ...captureObject('gate'), status: { held, resumed: '2026-01-01T00:00:07Z' } });
      expect((await reconciled()).length).toBe(1);
      expect(heldOf(object() ?? captureObject('gone'))).not.toBeNull();
    });

    describe('when the start of a capture cannot be written', () => {
      const again = (...names: string[]) => names.map((name) => ({ uid: `uid-${name}`, at: at(7), heldAt: at(0) }));
      const refuse = (status: number) => world.client.refuse(STATUS, new ApiError('refused', { status }), 'PATCH');
      const resumedOf = (name: string) => world.statusOf(world.stores.streamCaptures, name)['resumed'];

      beforeEach(async () => {
        world.have(mediaServerObject({ capture: { allow: ALLOW, rest: true } }));
        const pod = await started('a');
        for (const name of ['gate', 'hall']) world.have({ ...captureObject(name), status: { held: HELD } });
        pod.resumed = again('gate', 'hall');
      });

      it('starts the others, says what is new of the pods, and fails then', async () => {
        refuse(500);
        await expect(reconcile()).rejects.toThrow('refused');
        world.settleWrites();
        expect([resumedOf('gate'), resumedOf('hall')]).toEqual([undefined, '2026-01-01T00:00:07Z']);
        expect(changes).toEqual([KEY]);
      });

      it('skips one that is gone', async () => {
        refuse(404);
        await reconciled();
        expect(resumedOf('hall')).toBe('2026-01-01T00:00:07Z');
      });

      it('does not write it while the REST API may not start captures', async () => {
        world.have(mediaServerObject({ capture: { allow: ALLOW } }));
        expect(await reconciled()).toEqual([]);
      });
    });
  });
});
