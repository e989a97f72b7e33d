import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ClusterFleet, SLOW } from '../../harness/cluster-fleet.ts';
import { type ClusterStage, termination } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import type { RtcClient } from '../../harness/rtc-client.ts';
import { until } from '../../harness/wait.ts';

const OPERATOR = ['-l', 'app.kubernetes.io/name=sluice-operator'];
let fleet: ClusterFleet;
let stage: ClusterStage;

beforeAll(async () => {
  fleet = await ClusterFleet.open('fleet-alone');
  stage = fleet.stage;
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

describe('while the operator is away', () => {
  it('streams start and end on all pods, and a container that is killed is back', { timeout: 240_000 }, async () => {
    const scale = (replicas: number) =>
      stage.kube.kubectl(['-n', SYSTEM, 'scale', 'deployment', ...OPERATOR, `--replicas=${replicas}`]);
    const [before] = (await stage.kube.get(SYSTEM, 'deployment', ...OPERATOR)).items;
    onTestFinished(async () => void (await scale(before.spec.replicas)));
    await scale(0);
    await until(
      'it is gone',
      async () => {
        const { items } = await stage.kube.get(SYSTEM, 'pods', ...OPERATOR);
        return items.length === 0;
      },
      SLOW,
    );
    const streams = await fleet.publishMany(6);
    const [killed] = await stage.pods();
    await stage.signal(killed, 'SIGKILL');
    await until(
      'its container runs again',
      async () => {
        const pods = await stage.pods();
        const again = pods.find(({ metadata }) => metadata.uid === killed.metadata.uid);
        const [status] = again?.status.containerStatuses ?? [];
        return status?.restartCount > killed.status.containerStatuses[0].restartCount && status.ready;
      },
      SLOW,
    );
    await fleet.endAll();
    await Promise.all(streams.map((client) => client.untilEnded()));
    const again = await fleet.publishMany(6);
    expect((await stage.terminated({})).body).toMatchObject({ matched: 6, terminated: 6 });
    await Promise.all(again.map((client) => client.untilEnded()));
    await scale(before.spec.replicas);
    await fleet.ready(3);
  });
});

describe('a StreamTermination', () => {
  it('is carried out once although the operator is killed while it runs', { timeout: 120_000 }, async () => {
    const [frozen] = await stage.pods();
    await fleet.publishMany(6);
    await stage.signal(frozen, 'SIGSTOP');
    onTestFinished(() => stage.signal(frozen, 'SIGCONT'));
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'sterm/twice', '--ignore-not-found']);
    await stage.apply(termination('twice', { all: true }));
    const status = async (): Promise<Json> => (await stage.get('streamtermination/twice')).status ?? {};
    const done = ({ pods = [] }: Json): Json[] => pods.filter(({ state }: Json) => state === 'Done');
    await until('the other pods have answered', async () => done(await status()).length === 2, SLOW);
    await stage.kube.kubectl(['-n', SYSTEM, 'delete', 'pods', ...OPERATOR, '--grace-period=0', '--force']);
    // Streams that start afterwards on the pods that have answered live on.
    const later: RtcClient[] = [];
    await until(
      'two more are live',
      async () => {
        const client = await stage.publish(`later-${later.length}`).catch(() => null);
        if (client) later.push(client);
        return later.length === 2;
      },
      SLOW,
    );
    await stage.signal(frozen, 'SIGCONT');
    await stage.condition('streamtermination/twice', 'Complete', 'True');
    const { matched, pods } = await status();
    expect([matched, done({ pods }).length]).toEqual([6, 3]);
    expect(later.map(({ state }) => state)).toEqual(['connected', 'connected']);
    await fleet.ready(3);
  });
});
