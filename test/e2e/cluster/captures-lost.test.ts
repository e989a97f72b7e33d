import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { restartNode } from '../../cluster/cluster.ts';
import { node } from '../../cluster/node.ts';
import { AUTHORIZATION, ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { RtspCameras } from '../../harness/sources.ts';
import { streamCapture } from '../../harness/stream-captures.ts';
import { until } from '../../harness/wait.ts';

// What test/integration/kept-captures.test.ts shows with programs, with pods, nodes and the operator, and what becomes of
// a capture without its operator.

const SLOW = { timeoutMs: 90_000, everyMs: 100 };
const OPERATOR = ['-l', 'app.kubernetes.io/name=sluice-operator'];
const CAPTURE_PODS = ['-l', 'app.kubernetes.io/name=sluice-capture'];
const AT_ONCE = ['--grace-period=0', '--force'];
const UNLESS_GONE = ['--wait=false', '--ignore-not-found'];
/** Media pods are on different nodes. */
const APART = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'sluice-media-server' } },
      },
    ],
  },
};

const isEmbedded = (): boolean => inject('target').kind === 'embedded';

let stage: ClusterStage;
let cameras: RtspCameras;

beforeAll(async () => {
  stage = await ClusterStage.open('captures-lost');
  cameras = await RtspCameras.start(stage.kube.target.machine);
  const affinity = isEmbedded() ? APART : {};
  await stage.live({ replicas: 2, drain: { timeout: '60s' }, podTemplate: { affinity } });
  await bothReady();
});
afterAll(async () => {
  await stage.clear();
  await cameras.run.stop('SIGKILL');
});

/** Two media pods are ready, and no other one is left. */
async function bothReady(): Promise<void> {
  const areReady = async (): Promise<boolean> => {
    const pods = await stage.pods();
    const ready = pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && isReady(status));
    return pods.length === 2 && ready.length === 2;
  };
  await until('both media pods are ready', areReady, SLOW);
  await stage.condition('mediaserver/live', 'FleetReady', 'True');
}

const isReady = ({ conditions = [] }: Json): boolean =>
  conditions.some(({ status, type }: Json) => type === 'Ready' && status === 'True');

const restartsOf = ({ status }: Json): number => status.containerStatuses[0].restartCount;

/** The publication of the capture on a media pod, as far as the pod answers. */
async function publicationOn({ status }: Json): Promise<Json> {
  const response = await fetch(`http://${status.podIP}:8081/rest-api/stream/find?scope=pod`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...AUTHORIZATION },
    body: JSON.stringify({ name: 'gate', status: 'PUBLISHING', published: true }),
    signal: AbortSignal.timeout(500),
  }).catch(() => null);
  return response?.status === 200 ? ((await response.json()) as Json)[0] : undefined;
}

/** The media pod that has the capture, and the others. */
async function holder(): Promise<{ has: Json; others: Json[] }> {
  return until(
    'a media pod has the capture',
    async () => {
      const pods = await stage.pods();
      const publications = await Promise.all(pods.map(publicationOn));
      const has = pods[publications.findIndex((each) => each !== undefined)];
      return has && { has, others: pods.filter((each) => each !== has) };
    },
    SLOW,
  );
}

const captured = (): Promise<Json> => stage.condition('scap/gate', 'Capturing', 'True', 'Connected');
const elsewhere = (pods: readonly Json[], timeoutMs: number): Promise<unknown> =>
  until(
    'another pod has the capture',
    async () => (await Promise.all(pods.map(publicationOn))).some((each) => each !== undefined),
    { timeoutMs, everyMs: 100 },
  );

/** All statuses of `Capturing` while an action runs, and their reasons. */
async function reasonsDuring(action: () => Promise<unknown>): Promise<string[]> {
  const reasons = new Set<string>();
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const { status } = await stage.get('scap/gate');
      const { reason } = status.conditions.find(({ type }: Json) => type === 'Capturing');
      reasons.add(reason);
    }
  };
  await Promise.all([watch(), action().finally(() => (isOver = true))]);
  return [...reasons];
}

describe('the first capture of a MediaServer', () => {
  it('changes nothing in its media pods', async () => {
    /** Everything that would show a change. */
    const seen = async () => {
      const { metadata, spec } = await stage.get('deployment/live');
      const pods = await stage.pods();
      return {
        deployment: [metadata.uid, metadata.generation, spec.template],
        pods: pods.map(({ metadata: { labels, uid }, status }) => [
          uid,
          labels['pod-template-hash'],
          status.containerStatuses.map(({ containerID, restartCount }: Json) => [containerID, restartCount]),
        ]),
      };
    };
    const publisher = await stage.publish('running');
    const player = await stage.play('running');
    const before = await seen();

    const allow = [{ cidr: `${stage.kube.target.machine}/32` }];
    const resources = { sources: { requests: { cpu: '50m' } }, capture: { requests: { cpu: '50m' } } };
    // On the node of the ingress controller, which no test takes away.
    const podTemplate = { nodeSelector: { 'kubernetes.io/hostname': node(1).name } };
    await stage.patch('mediaserver/live', {
      spec: { capture: { allow, resources, ...(isEmbedded() ? { podTemplate } : {}) } },
    });
    await stage.apply(streamCapture('gate', { rtsp: { url: cameras.url('silent') } }));
    await stage.kube.kubectl([
      '-n',
      stage.namespace,
      'wait',
      'scap/gate',
      '--for=condition=Capturing',
      '--timeout=90s',
    ]);
    await stage.condition('mediaserver/live', 'Progressing', 'False', 'Settled');

    expect(await seen()).toEqual(before);
    expect([publisher.state, player.state]).toEqual(['connected', 'connected']);
    const { received } = player;
    await until('its packets still arrive', () => player.received > received);
    await stage.leave();
  });
});

describe('a captured stream', () => {
  it('moves when its media pod drains, which then ends long before its timeout', async () => {
    await captured();
    const { has, others } = await holder();
    const viewer = await stage.play('gate');
    const plays = cameras.count('PLAY', 'silent');
    const reasons = await reasonsDuring(async () => {
      await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'pod', has.metadata.name, '--wait=false']);
      await elsewhere(others, 15_000);
    });
    expect(reasons).toEqual(['Connected']);
    await viewer.untilEnded();
    await until('it is played again', () => stage.play('gate').catch(() => null), SLOW);
    // Its camera has not noticed anything.
    expect(cameras.count('PLAY', 'silent')).toBe(plays);
    expect((await stage.get('scap/gate')).status).toMatchObject({ restarts: 0 });
    await stage.leave();
    const isGone = async () => (await stage.pods()).every(({ metadata }) => metadata.uid !== has.metadata.uid);
    await until('the old pod is gone', isGone, { timeoutMs: 30_000 });
    await bothReady();
  });

  it('is published again within 5 s after its media pod was killed', async () => {
    await captured();
    const { has, others } = await holder();
    const reasons = await reasonsDuring(async () => {
      await stage.signal(has, 'SIGKILL').catch(() => undefined);
      await elsewhere(others, 5_000);
    });
    expect(reasons).not.toContain('NameInUse');
    await captured();
    // The kubelet notices the end a moment later.
    const isBack = async () => restartsOf(await stage.get(`pod/${has.metadata.name}`)) > restartsOf(has);
    await until('its container runs again', isBack, SLOW);
    await bothReady();
  });

  it('that was ended stays so without its operator and its pod', async () => {
    await captured();
    await stage.terminate({ name: 'gate' });
    const { held } = await until('it is held', async () => {
      const { status } = await stage.get('scap/gate');
      return status.held ? status : null;
    });
    const plays = cameras.count('PLAY', 'silent');
    await Promise.all([
      stage.kube.kubectl(['-n', SYSTEM, 'delete', 'pods', ...OPERATOR, ...AT_ONCE]),
      stage.kube.kubectl(['-n', stage.namespace, 'delete', 'pods', ...CAPTURE_PODS, ...AT_ONCE]),
    ]);
    await stage.kube.kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/sluice', '--timeout=60s']);
    await stage.kube.kubectl(['-n', stage.namespace, 'rollout', 'status', 'deployment/live-capture', '--timeout=60s']);
    // A capture that is not held is given to the new pod, so the operator has looked at all of them.
    await stage.apply(streamCapture('other', { rtsp: { url: cameras.url('aac') } }));
    await stage.condition('scap/other', 'Capturing', 'True', 'Connected');
    expect((await stage.get('scap/gate')).status.held).toEqual(held);
    expect(cameras.count('PLAY', 'silent')).toBe(plays);
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'scap', 'other']);
    await stage.kube.kubectl(['-n', stage.namespace, 'annotate', 'scap', 'gate', 'sluice.dev/restart=again']);
    await captured();
  });

  it.runIf(isEmbedded())(
    'goes on, on another node, when the node of its media pod is lost, and when it is back',
    { timeout: 240_000 },
    async () => {
      await captured();
      const first = await holder();
      if (first.has.spec.nodeName === node(1).name) {
        await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'pod', first.has.metadata.name, '--wait=false']);
        await elsewhere(first.others, 15_000);
        await bothReady();
      }
      const { has, others } = await holder();
      expect(has.spec.nodeName).toBe(node(2).name);
      await node(2).kill();
      try {
        // Three heartbeats are missed first.
        const reasons = await reasonsDuring(() => elsewhere(others, 25_000));
        expect(reasons).not.toContain('NameInUse');
        await captured();
      } finally {
        await restartNode(2);
      }
      await bothReady();
      const { has: now } = await holder();
      expect(now.metadata.uid).toBe(others[0]?.metadata.uid);
    },
  );

  it.runIf(isEmbedded())(
    'is captured on another node when the node of its capture pod is lost',
    { timeout: 240_000 },
    async () => {
      // One on each node. The captures of the first one go to the second, whose node is lost.
      const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' };
      const labelSelector = { matchLabels: { 'app.kubernetes.io/name': 'sluice-capture' } };
      const podTemplate = { nodeSelector: null, topologySpreadConstraints: [{ ...spread, labelSelector }] };
      await stage.patch('mediaserver/live', { spec: { capture: { replicas: 2, podTemplate } } });
      await captured();
      const capturePod = async (): Promise<Json> => {
        const { assignment } = (await stage.get('scap/gate')).status;
        return stage.get(`pod/${assignment.pod}`);
      };
      const moved = async (): Promise<Json> =>
        until(
          'it is on the second node',
          async () => {
            const pod = await capturePod().catch(() => null);
            if (pod?.spec.nodeName === node(2).name) return pod;
            const name = pod?.metadata.name;
            if (name) await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'pod', name, ...UNLESS_GONE]);
            return null;
          },
          { timeoutMs: 60_000, everyMs: 1_000 },
        );
      const lost = await moved();
      await captured();
      await node(2).kill();
      try {
        const isElsewhere = async (): Promise<boolean> =>
          (await stage.get('scap/gate')).status.assignment.podUid !== lost.metadata.uid;
        await until('another pod has it', isElsewhere, SLOW);
        await captured();
        expect((await capturePod()).spec.nodeName).toBe(node(1).name);
        await holder();
      } finally {
        await restartNode(2);
      }
      await bothReady();
    },
  );
});
