import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { until } from '../../harness/wait.ts';

const SLOW = { timeoutMs: 90_000, everyMs: 200 };
let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('rollout');
  await stage.live({ drain: { timeout: '20s' } });
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

describe('a change that needs a new pod', () => {
  it('creates one; the old pod lets its streams end, and none is cut before the deadline', async () => {
    const [old] = await stage.pods();
    const publisher = await stage.publish('long');
    const player = await stage.play('long');
    const changedAt = performance.now();
    await stage.patch('mediaserver/live', { spec: { workers: 2 } });
    await stage.condition('mediaserver/live', 'Progressing', 'True');
    const next = await until(
      'a new pod is ready',
      async () =>
        (await stage.pods()).find(
          ({ metadata, status }) => metadata.uid !== old.metadata.uid && status.containerStatuses?.[0]?.ready,
        ),
      SLOW,
    );
    expect([publisher.state, player.state]).toEqual(['connected', 'connected']);
    // New sessions go to the new pod, while the old streams are still checked.
    await until(
      'new streams start on it',
      async () => (await stage.offer('publish', `new-${Date.now()}`)).status === 201,
      SLOW,
    );
    const from = performance.now();
    await until('the old streams are still checked', () => stage.checkedSince(from).has('long'));
    await until(
      'the old pod drains',
      async () => (await stage.pods()).some(({ metadata }) => metadata.deletionTimestamp),
      SLOW,
    );
    await stage.patch('restHook/backend', { spec: { timeout: '4s' } });
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    await publisher.untilEnded();
    expect((publisher.endedAt ?? 0) - changedAt).toBeGreaterThan(20_000);
    await until('the old pod is gone', async () => (await stage.pods()).length === 1, SLOW);
    expect(
      next.spec.containers[0].ports.filter(({ name }: { name: string }) => name.startsWith('media-udp')),
    ).toHaveLength(2);
    await stage.condition('mediaserver/live', 'Progressing', 'False', 'Settled');
  }, 180_000);

  it('leaves no page or call through the ingress unanswered', async () => {
    const answers = { page: new Set<number>(), call: new Set<number>() };
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        answers.page.add(await stage.status('/play'));
        answers.call.add(await stage.terminate({ name: 'nobody' }));
      }
    };
    const change = async (): Promise<void> => {
      await stage.patch('mediaserver/live', { spec: { workers: 1 } });
      await stage.condition('mediaserver/live', 'Progressing', 'False', 'Settled');
    };
    await Promise.all([ask(), change().finally(() => stop.abort())]);
    expect({ page: [...answers.page], call: [...answers.call] }).toEqual({ page: [200], call: [404] });
    expect(await stage.pods()).toHaveLength(1);
  });

  it('is not drain.timeout alone', async () => {
    const [before] = await stage.pods();
    await stage.patch('mediaserver/live', { spec: { drain: { timeout: '3s' } } });
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    await stage.condition('mediaserver/live', 'Progressing', 'False', 'Settled');
    const [after] = await stage.pods();
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });
});

describe('a scale', () => {
  it('can be made with kubectl scale', async () => {
    await stage.kube.kubectl(['-n', stage.namespace, 'scale', 'mediaserver/live', '--replicas=2']);
    await until('there are two', async () => (await stage.get('mediaserver/live')).status.readyReplicas === 2, SLOW);
    await stage.kube.kubectl(['-n', stage.namespace, 'scale', 'mediaserver/live', '--replicas=1']);
    await until('there is one', async () => (await stage.pods()).length === 1, SLOW);
  });
});

describe('a MediaServer that is deleted', () => {
  it('drains, and leaves nothing behind', async () => {
    const publisher = await stage.publish('last');
    const deletedAt = performance.now();
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'mediaserver/live', '--wait=false']);
    await stage.condition('streamapp/default', 'Accepted', 'True');
    await until(
      'its pod drains',
      async () => (await stage.pods()).some(({ metadata }) => metadata.deletionTimestamp),
      SLOW,
    );
    expect(publisher.state).toBe('connected');
    await publisher.ended();
    expect((publisher.endedAt ?? 0) - deletedAt).toBeGreaterThan(2_900);
    const gone = async (): Promise<boolean> => {
      const kinds =
        'mediaserver,deployment,replicaset,pod,service,serviceaccount,ingress,networkpolicy,pdb,configmap,secret';
      const { items } = await stage.get(kinds, '-l', 'app.kubernetes.io/managed-by=sluice');
      const left = await stage.get('mediaserver');
      return items.length + left.items.length === 0;
    };
    await until('nothing is left', gone, SLOW);
    await stage.condition('streamapp/default', 'ResolvedRefs', 'False', 'MediaServerNotFound');
  }, 120_000);
});
