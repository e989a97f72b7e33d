import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INTERNAL_TLS } from '../../../process/fleet-client.ts';
import { fleetKey } from '../../../test/builders/fleet-parts.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { childMetadata, mediaServerObject, terminationObject } from '../../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { reconcileStreamTermination } from './reconcile.ts';

const KEY = fleetKey('fleet-1');
const STATUS = 'PATCH /apis/sluice.dev/v1alpha1/namespaces/media/streamterminations/stop/status';
const DELETE = 'DELETE /apis/sluice.dev/v1alpha1/namespaces/media/streamterminations/stop';
const EVENT = 'POST /apis/events.k8s.io/v1/namespaces/media/events';

describe('reconcileStreamTermination', () => {
  let world: OperatorWorld;
  let server: Server;
  let port: number;
  let orders: unknown[];
  let answer: { status: number; body: object };

  beforeEach(async () => {
    world = new OperatorWorld();
    orders = [];
    answer = { status: 200, body: { matched: 2, terminated: 1 } };
    server = createServer({ ...INTERNAL_TLS, pskCallback: () => KEY.key } as object, async (request, response) => {
      orders.push([request.method, request.url, await json(request)]);
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    world.fleets.of('media/live').use(KEY);
  });
  afterEach(async () => {
    await world.close();
    server.close();
  });

  const pod = (uid: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...childMetadata(`live-${uid}`), uid },
    spec: { containers: [{ name: 'media-server', ports: [{ name: 'internal', containerPort: port }] }] },
    status: { podIP: '127.0.0.1', containerStatuses: [{ name: 'media-server', state: { running: {} } }] },
  });
  const created = (): string => new Date(world.clock.now()).toISOString();
  const have = (spec: object = { all: true }) =>
    world.have(terminationObject({ ...spec }, { creationTimestamp: created() }));
  const reconciled = async () => {
    const result = await reconcileStreamTermination(world, 'media/stop');
    return { result, writes: world.settleWrites() };
  };
  const conditions = () => world.conditionsOf(world.stores.streamTerminations, 'stop');
  const status = () => world.statusOf(world.stores.streamTerminations, 'stop');

  it('notes the pods, asks each of them once, and is complete', async () => {
    world.have(mediaServerObject());
    for (const uid of ['a', 'b']) world.have(pod(uid));
    have({ filter: { name: 'news' }, denyFor: '1m' });
    expect((await reconciled()).writes).toEqual([STATUS, STATUS]);
    const order = { uid: 'uid-stop', filter: { name: 'news' }, dryRun: false, denyForMs: 60_000 };
    expect(orders).toEqual([
      ['PUT', '/internal/termination', order],
      ['PUT', '/internal/termination', order],
    ]);
    expect(status()).toMatchObject({
      phase: 'Complete',
      matched: 4,
      terminated: 2,
      pods: [
        { uid: 'a', name: 'live-a', state: 'Done', matched: 2, terminated: 1 },
        { uid: 'b', name: 'live-b', state: 'Done', matched: 2, terminated: 1 },
      ],
    });
    expect(conditions()).toEqual(['Complete=True/Completed', 'Failed=False/Completed', 'Ready=True/Ready']);
  });

  it('asks a pod again that has not answered, but no other one', async () => {
    world.have(mediaServerObject());
    world.have(pod('a'));
    have();
    answer = { status: 400, body: { error: 'body.filter: unknown field "x"' } };
    expect(await reconciled()).toEqual({ result: { requeueAfterMs: 1_000 }, writes: [STATUS, STATUS] });
    expect(status()).toMatchObject({
      phase: 'Running',
      pods: [{ uid: 'a', state: 'Pending', message: 'body.filter: unknown field "x"' }],
    });
    // A pod that starts later is not asked.
    world.have(pod('b'));
    answer = { status: 200, body: { matched: 1, terminated: 1 } };
    await reconciled();
    expect([status()['phase'], orders.length]).toEqual(['Complete', 2]);
    await reconciled();
    expect(orders).toHaveLength(2);
  });

  it('fails when the time is over, and names the pod', async () => {
    world.have(mediaServerObject());
    world.have(pod('a'));
    have({ all: true, timeout: '1s' });
    answer = { status: 500, body: {} };
    await reconciled();
    await world.clock.advance(2_000);
    expect((await reconciled()).writes).toEqual([STATUS, EVENT]);
    expect(conditions()).toEqual([
      'Complete=False/Failed',
      'Failed=True/PodsUnreachable',
      'Ready=False/PodsUnreachable',
    ]);
  });

  it('ends nothing if it has not begun when the time is over', async () => {
    world.have(mediaServerObject());
    world.have(pod('a'));
    have({ all: true, timeout: '1s' });
    await world.clock.advance(2_000);
    await reconciled();
    expect([orders, status()['phase']]).toEqual([[], 'Failed']);
    expect(conditions()).toContain('Failed=True/TimedOut');
  });

  it('waits for its MediaServer, then fails', async () => {
    have({ all: true, timeout: '1s' });
    await reconciled();
    expect(conditions()).toEqual(['Complete=False/Waiting', 'Failed=False/Waiting', 'Ready=False/Waiting']);
    await world.clock.advance(2_000);
    await reconciled();
    expect(conditions()).toContain('Failed=True/MediaServerNotFound');
  });

  it('ends nothing if the MediaServer refuses to end all streams', async () => {
    world.have(mediaServerObject({ rest: { emptyFilter: 'Refuse' } }));
    world.have(pod('a'));
    have();
    await reconciled();
    expect([conditions(), orders]).toEqual([expect.arrayContaining(['Failed=True/EmptyFilterRefused']), []]);
  });

  it('leaves a StreamTermination of another operator alone', async () => {
    world.haveAsIs({ ...mediaServerObject(), status: { operator: { name: 'elsewhere/x' } } });
    have();
    expect((await reconciled()).writes).toEqual([]);
  });

  it('is deleted when its time after the end is over', async () => {
    world.have(mediaServerObject());
    have({ all: true, ttlAfterFinished: '1h' });
    await reconciled();
    expect(await reconciled()).toEqual({ result: { requeueAfterMs: 3_600_000 }, writes: [] });
    await world.clock.advance(3_600_000);
    expect((await reconciled()).writes).toEqual([DELETE]);
  });
});
