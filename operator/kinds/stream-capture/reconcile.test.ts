import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import { captureObject, capturePodObject, captureState } from '../../../test/builders/captures.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { captureEssence } from '../../pods/capture-pods.ts';
import { reconcileStreamCapture } from './reconcile.ts';

const STATUS = 'PATCH /apis/sluice.dev/v1alpha1/namespaces/media/streamcaptures/gate/status';
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';
const CAPTURE = { capture: { allow: [{ cidr: '10.20.0.0/16' }] } };
const ASSIGNMENT = { pod: 'live-capture-a', podUid: 'a', epoch: 1 };

type Fields = Readonly<Record<string, unknown>>;

describe('reconcileStreamCapture', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
    world.have(mediaServerObject(CAPTURE));
    world.have(streamAppObject('default', { appKey: 'defaultApp' }));
    world.have(capturePodObject('a'));
  });
  afterEach(() => world.close());

  const reconcile = () => reconcileStreamCapture(world, 'media/gate');
  async function reconciled(): Promise<string[]> {
    await reconcile();
    return world.settleWrites();
  }
  const conditions = (name?: string) => world.conditionsOf(world.stores.streamCaptures, name ?? 'gate');
  const status = () => world.statusOf(world.stores.streamCaptures, 'gate');

  /** A capture that has been given to a pod. */
  function assigned(spec: Fields = {}, over: { metadata?: Fields; status?: Fields } = {}): KubeObject {
    const object = captureObject('gate', spec, over.metadata);
    return world.have({ ...object, status: { assignment: ASSIGNMENT, ...over.status } });
  }
  function says(over: Partial<CaptureState> = {}): void {
    const report = { pod: 'live-capture-a', hash: 'h', captures: [captureState('uid-gate', over)] };
    world.fleets.of('media/live').captures.reports.set('a', { kind: 'answered', report });
  }

  it('reports a capture once that its pod has connected', async () => {
    assigned({ rtsp: { url: 'rtsp://10.20.0.7:554/main?token=sesame' } });
    says({
      mediaSessionId: 'm1',
      connectedAt: Date.UTC(2026, 0, 1),
      restarts: 3,
      bitrate: 2_000_000,
      keyFrameIntervalMs: 1_960,
      tracks: [
        { kind: 'video', codec: 'H264', profile: 'Main', width: 1280, height: 720 },
        { kind: 'audio', codec: 'AAC' },
      ],
    });
    expect(await reconcile()).toEqual({ requeueAfterMs: 10_000 });
    expect(world.settleWrites()).toEqual([STATUS]);
    expect(status()).toEqual({
      observedGeneration: 1,
      source: '10.20.0.7',
      assignment: ASSIGNMENT,
      mediaSessionId: 'm1',
      connectedSince: '2026-01-01T00:00:00Z',
      restarts: 3,
      bitrate: 2_000_000,
      keyFrameInterval: '2s',
      tracks: [
        { kind: 'video', codec: 'H264', profile: 'Main', width: 1280, height: 720 },
        { kind: 'audio', codec: 'AAC' },
      ],
      conditions: expect.any(Array),
    });
    expect(conditions()).toEqual(['Accepted=True/Accepted', 'Capturing=True/Connected', 'Ready=True/Ready']);
    expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
    expect(world.settleWrites()).toEqual([]);
  });

  it('writes nothing after a restart of the operator until the pod is asked, and then what it says', async () => {
    assigned();
    says({ mediaSessionId: 'm1' });
    await reconciled();
    const { reports } = world.fleets.of('media/live').captures;
    reports.clear();
    expect(await reconciled()).toEqual([]);
    // A change is not what the pod has said.
    reports.set('a', { kind: 'failed', reason: 'refused', report: null });
    await reconciled();
    expect(conditions()).toContain('Capturing=False/Connecting');
  });

  it('writes figures at most every 30 seconds', async () => {
    assigned();
    says({ connectedAt: 1, bitrate: 1_000_000 });
    await reconciled();
    says({ connectedAt: 1, bitrate: 2_034_567 });
    await world.clock.advance(29_000);
    expect(await reconciled()).toEqual([]);
    await world.clock.advance(1_000);
    expect(await reconciled()).toEqual([STATUS]);
    expect(status()).toMatchObject({ bitrate: 2_000_000 });
  });

  it('writes the first figures at once', async () => {
    assigned();
    says();
    await reconciled();
    const { reports } = world.fleets.of('media/live').captures;
    const before = captureEssence(reports);
    says({ keyFrameIntervalMs: 2_000 });
    expect(captureEssence(reports)).not.toBe(before);
    expect(await reconciled()).toEqual([STATUS]);
    expect(status()).toMatchObject({ keyFrameInterval: '2s' });
    says({ keyFrameIntervalMs: 3_000 });
    expect(await reconciled()).toEqual([]);
    const withInterval = captureEssence(reports);
    says({ keyFrameIntervalMs: 3_000, bitrate: 2_000_000 });
    expect(captureEssence(reports)).not.toBe(withInterval);
    expect(await reconciled()).toEqual([STATUS]);
    expect(status()).toMatchObject({ bitrate: 2_000_000 });
  });

  it.each<[string, Fields, string, string]>([
    ['of an app that does not exist', { appRef: { name: 'gone' } }, 'InvalidRef', 'StreamApp "gone" not found'],
    [
      'whose Secret does not exist',
      { rtsp: { url: 'rtsp://10.20.0.7/main', credentialsRef: { name: 'cam' } } },
      'InvalidRef',
      'Secret "cam" does not exist',
    ],
    [
      'of a camera at a loopback address',
      { rtsp: { url: 'rtsp://127.0.0.1/main' } },
      'AddressNotAllowed',
      '127.0.0.1 is a loopback address, which is never captured from',
    ],
    [
      'of a camera at a mapped loopback address',
      { rtsp: { url: 'rtsp://[::ffff:7f00:1]/main' } },
      'AddressNotAllowed',
      '::ffff:7f00:1 is a loopback address',
    ],
    [
      'of a camera that is not allowed',
      { srt: { url: 'srt://192.0.2.1:9000' } },
      'AddressNotAllowed',
      '192.0.2.1 is not in spec.capture.allow of the MediaServer',
    ],
    ['that breaks a newer rule', { rtsp: { url: 'rtsp://a b' } }, 'InvalidSpec', 'spec.rtsp.url: must be a URL'],
  ])('refuses a capture %s', async (_what, spec, reason, message) => {
    assigned(spec);
    expect(await reconciled()).toEqual([STATUS, EVENT]);
    expect(conditions()).toEqual([`Accepted=False/${reason}`, `Capturing=False/${reason}`, `Ready=False/${reason}`]);
    expect(JSON.stringify(status())).toContain(message.replaceAll('"', '\\"'));
  });

  it('accepts a name of a host, which only the capture pod resolves', async () => {
    assigned({ rtsp: { url: 'rtsp://camera.example.com/main' } });
    await reconciled();
    expect(conditions()).toContain('Accepted=True/Accepted');
  });

  it.each([
    ['has no captures', mediaServerObject(), 'CaptureDisabled'],
    ['is not valid', mediaServerObject({ ...CAPTURE, replicas: -1 }), 'InvalidRef'],
  ])('refuses a capture whose MediaServer %s', async (_what, server, reason) => {
    world.have(server);
    assigned();
    await reconciled();
    expect(conditions()).toContain(`Accepted=False/${reason}`);
  });

  it('refuses a capture whose MediaServer does not exist', async () => {
    world.stores.mediaServers.delete('media/live');
    assigned();
    await reconciled();
    expect(conditions()).toContain('Accepted=False/InvalidRef');
  });

  describe('gives a name of an app to', () => {
    const at = (creationTimestamp: string) => ({ creationTimestamp });
    const other = (name: string, spec: Fields, creationTimestamp: string): void =>
      void world.have(captureObject(name, { name: 'gate', ...spec }, at(creationTimestamp)));

    it.each<[string, () => void, string]>([
      ['the oldest', () => other('a', {}, '2025-01-02T00:00:00Z'), 'Accepted=True/Accepted'],
      ['an older one', () => other('z', {}, '2024-12-31T00:00:00Z'), 'Accepted=False/Conflict'],
      [
        'the first by name of two of one second',
        () => other('a', {}, '2025-01-01T00:00:00Z'),
        'Accepted=False/Conflict',
      ],
      ['each app', () => other('z', { appRef: { name: 'sport' } }, '2024-12-31T00:00:00Z'), 'Accepted=True/Accepted'],
      [
        'each namespace',
        () =>
          world.have({ ...captureObject('z', { name: 'gate' }, { ...at('2024-12-31T00:00:00Z'), namespace: 'x' }) }),
        'Accepted=True/Accepted',
      ],
      ['no invalid one', () => other('z', { rtsp: { url: 'x' } }, '2024-12-31T00:00:00Z'), 'Accepted=True/Accepted'],
    ])('%s', async (_what, make, condition) => {
      assigned({}, { metadata: at('2025-01-01T00:00:00Z') });
      make();
      await reconciled();
      expect(conditions()).toContain(condition);
    });
  });

  it('writes down what holds a capture, and keeps it when the pod has forgotten it', async () => {
    assigned();
    says({ reason: 'TerminatedByRest', held: { cause: 'rest', info: 'Stopped by rest', at: Date.UTC(2026, 0, 1) } });
    expect(await reconciled()).toEqual([STATUS, EVENT]);
    const held = { cause: 'rest', info: 'Stopped by rest', generation: 1, time: '2026-01-01T00:00:00Z' };
    expect(status()).toMatchObject({ held });
    expect(conditions()).toContain('Capturing=False/TerminatedByRest');
    world.fleets.of('media/live').captures.reports.clear();
    expect(await reconciled()).toEqual([]);
  });

  it('does not believe that an order of an older spec is held', async () => {
    assigned({}, { metadata: { generation: 2 } });
    says({ reason: 'TerminatedByRest', held: { cause: 'rest', info: '', at: 1 } });
    await reconciled();
    expect(status()['held']).toBeUndefined();
  });

  it.each<[string, Fields, Fields]>([
    ['a new generation', { generation: 2 }, {}],
    ['a new value of the annotation', { annotations: { 'sluice.dev/restart': '2' } }, { restart: '1' }],
    ['its first value', { annotations: { 'sluice.dev/restart': '1' } }, {}],
  ])('lets a capture go that was held before %s', async (_what, metadata, over) => {
    const held = { cause: 'rest', info: '', generation: 1, time: '2026-01-01T00:00:00Z', ...over };
    assigned({}, { metadata, status: { held } });
    await reconciled();
    expect(status()).toMatchObject({ held: null });
    expect(conditions()).toContain('Capturing=False/Connecting');
  });

  it.each<[string, () => void]>([
    ['is gone', () => world.stores.pods.delete('media/live-capture-a')],
    ['has been replaced by one with its name', () => world.have(capturePodObject('b'))],
  ])('reports a capture whose pod %s', async (what, lose) => {
    assigned();
    lose();
    if (what !== 'is gone') world.stores.pods.delete('media/live-capture-a');
    await reconciled();
    expect(conditions()).toContain('Capturing=False/NoCapturePod');
  });

  it('removes the ids of a stream that has ended', async () => {
    assigned();
    says({ mediaSessionId: 'm1', connectedAt: 1 });
    await reconciled();
    assigned({ suspend: true }, { metadata: { generation: 2 }, status: status() });
    await reconciled();
    expect(status()).toMatchObject({ mediaSessionId: null, connectedSince: null });
    expect(conditions()).toEqual(['Accepted=True/Accepted', 'Capturing=False/Suspended', 'Ready=True/Ready']);
  });

  it('waits for an app that was applied together with it before it reports it as missing', async () => {
    world.stores.streamApps.delete('media/default');
    assigned({}, { metadata: { creationTimestamp: new Date(world.clock.now()).toISOString() } });
    expect(await reconcile()).toEqual({ requeueAfterMs: 2_000 });
    expect(world.settleWrites()).toEqual([]);
    await world.clock.advance(2_000);
    await reconciled();
    expect(conditions()).toContain('Accepted=False/InvalidRef');
  });

  it('looks soon again for a Secret that is missing', async () => {
    assigned({ srt: { url: 'srt://10.20.0.9:9000', passphraseRef: { name: 's' } } });
    expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
  });

  it('does not report on a capture whose MediaServer another operator manages', async () => {
    assigned();
    world.haveAsIs({ ...mediaServerObject(CAPTURE), status: { operator: { name: 'elsewhere/sluice-operator' } } });
    expect(await reconciled()).toEqual([]);
  });

  it.each([
    ['is gone', null],
    ['is being deleted', captureObject('gate', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('ignores a capture that %s', async (_what, object) => {
    if (object) world.have(object);
    expect(await reconciled()).toEqual([]);
  });
});
