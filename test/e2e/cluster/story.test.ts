import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { until } from '../../harness/wait.ts';

let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('story');
  await stage.live();
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

describe('a MediaServer from kubectl apply', () => {
  it('publishes and plays through the ingress, and a 403 of the backend ends a playback; it plays again', async () => {
    const publisher = await stage.publish('stream1');
    const player = await stage.play('stream1');
    stage.backend.refuseKeepAlive(({ mediaType }) => mediaType === 'play');
    await player.ended();
    expect(publisher.state).toBe('connected');
    stage.backend.allowAll();
    await stage.play('stream1');
  });

  it('ends streams by REST through the ingress for authorized clients; they can be published again', async () => {
    const publisher = await stage.publish('stream2');
    const player = await stage.play('stream2');
    expect(await stage.terminate({ name: 'stream2' }, {})).toBe(401);
    expect(await stage.terminate({ name: 'nothing' })).toBe(404);
    expect(await stage.terminate({ name: 'stream2', published: false })).toBe(200);
    await player.ended();
    expect(publisher.state).toBe('connected');
    expect(await stage.terminate({})).toBe(200);
    await publisher.ended();
    await stage.publish('stream2');
  });

  it('shows the number of its streams in kubectl get', async () => {
    await stage.publish('stream3');
    await stage.play('stream3');
    await until(
      'they are counted',
      async () => {
        const shown = await stage.kube.kubectl(['-n', stage.namespace, 'get', 'mserver,sapp,rhook']);
        return (
          /live +1 +1 +1 +1 +1\/1/.test(shown) && /default +defaultApp +live +backend +1 +1 +True +True/.test(shown)
        );
      },
      { timeoutMs: 45_000, everyMs: 500 },
    );
    await stage.condition('resthook/backend', 'Reachable', 'True', 'Answering');
  });

  it('runs restricted pods that have no token and cannot use the API', async () => {
    const [pod] = await stage.pods();
    expect(pod.spec.automountServiceAccountToken).toBe(false);
    expect(pod.spec.volumes.map(({ name }: Json) => name)).toEqual(['config', 'tmp']);
    expect(pod.spec.containers[0].securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    const account = `system:serviceaccount:${stage.namespace}:live`;
    for (const verb of ['get', 'list', 'create']) {
      const may = stage.kube.kubectl(['auth', 'can-i', verb, 'secrets', '--as', account, '-n', stage.namespace]);
      await expect(may).rejects.toThrow();
    }
  });

  it('logs no password, in the operator or in a pod', async () => {
    await stage.publish('secret');
    const logs = (namespace: string, name: string): Promise<string> =>
      stage.kube.kubectl(['-n', namespace, 'logs', '--tail=-1', '-l', `app.kubernetes.io/name=${name}`]);
    for (const text of [await logs(SYSTEM, 'sluice-operator'), await logs(stage.namespace, 'sluice-media-server')]) {
      expect(text).toContain('"msg"');
      expect(text).not.toContain('sesame');
    }
  });

  it('keeps /rest-api and statistics out of the ingress without authentication, unless that is allowed', async () => {
    await stage.patch('mediaserver/live', { spec: { rest: { authRef: null } } });
    await until('it is not carried', async () => (await stage.status('/rest-api/stream/find_all')) === 404, SLOW);
    await until('statistics neither', async () => (await stage.status('/?action=stat')) === 404, SLOW);
    expect(await stage.status('/play')).toBe(200);
    await stage.patch('mediaserver/live', { spec: { rest: { allowAnonymous: true } } });
    await until('it is', async () => (await stage.status('/?action=stat')) === 200, SLOW);
    await stage.patch('mediaserver/live', { spec: { rest: { authRef: { name: 'api' }, allowAnonymous: null } } });
    await until('it asks who calls', async () => (await stage.status('/rest-api/stream/find_all')) === 401, SLOW);
  });
});

const SLOW = { timeoutMs: 20_000, everyMs: 200 };
