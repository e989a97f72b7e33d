import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { restartNode, restartWatchers } from '../../cluster/cluster.ts';
import { startApiServer, stopApiServer } from '../../cluster/control-plane.ts';
import type { Host } from '../../cluster/host.ts';
import { isReady, node } from '../../cluster/node.ts';
import { ClusterStage, restHook } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { until } from '../../harness/wait.ts';

const SLOW = { timeoutMs: 90_000, everyMs: 200 };
const OPERATOR = ['-n', SYSTEM, '-l', 'app.kubernetes.io/name=sluice-operator'];
let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('faults');
  // It is rolled out once, and the ingress controller must know that the old pod is gone.
  await stage.live({ drain: { timeout: '5s' } });
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

/** Expects two streams to stay live and checked during an action. */
async function untouched(happens: () => Promise<void>): Promise<void> {
  const publisher = await stage.publish('kept');
  const player = await stage.play('kept');
  await happens();
  expect([publisher.state, player.state]).toEqual(['connected', 'connected']);
  const from = performance.now();
  await until('it is still checked', () => stage.checkedSince(from).has('kept'));
}

/** Expects a change of the hook URL to reach the pods, which shows that an operator reconciles. */
async function reconciles(path: string): Promise<void> {
  await stage.apply(restHook(`${stage.backend.url}/${path}`));
  await until(
    'the change has arrived',
    async () => {
      const apps = await stage.get('configmap/live-config').catch(() => null);
      return apps?.data['config.json'].includes(path);
    },
    SLOW,
  );
  await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
}

describe('when the operator dies', () => {
  it(
    'streams go on, and another replica takes over',
    () =>
      untouched(async () => {
        const lease: Json = await stage.kube.get(SYSTEM, 'lease', 'sluice-operator');
        const holder = lease.spec.holderIdentity.split('_')[0];
        await stage.kube.kubectl(['-n', SYSTEM, 'delete', 'pod', holder, '--grace-period=0', '--force']);
        const killedAt = performance.now();
        await reconciles('one');
        expect(performance.now() - killedAt).toBeLessThan(30_000);
        await stage.kube.kubectl([...OPERATOR, 'wait', 'pod', '--for=condition=Ready', '--timeout=60s']);
      }),
    150_000,
  );
});

describe.runIf(inject('target').kind === 'embedded')('on the embedded cluster', () => {
  it.each<[string, (node: Host) => Promise<void>, (node: Host) => Promise<void>]>([
    ['without a network', (host) => host.cutLink(), (host) => host.joinLink()],
    ['that is paused', (host) => host.pause(), (host) => host.resume()],
    ['with a slow network', (host) => host.slowLink(400), (host) => host.fastLink()],
  ])('a node %s for five seconds costs no stream', { timeout: 60_000 }, async (_how, harm, mend) => {
    await untouched(async () => {
      const [pod] = await stage.pods();
      const harmed = node(Number(pod.spec.nodeName.split('-')[1]));
      await harm(harmed);
      try {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
      } finally {
        await mend(harmed);
      }
      await until('it is Ready', () => isReady(harmed.name), SLOW);
    });
    await stage.ready();
  });

  it('a lost node ends its own streams only; an Event names it, and its pod is replaced while it is away', {
    timeout: 240_000,
  }, async () => {
    const on = (index: number): object => {
      const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [node(index).name] };
      const term = { weight: 100, preference: { matchExpressions: [hostname] } };
      const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term] } };
      return { drain: { timeout: '5s' }, podTemplate: { affinity, nodeFailureTimeout: '10s' } };
    };
    // Clients reach the ingress controller on the first node.
    const other = await ClusterStage.open('faults-other');
    onTestFinished(() => other.clear());
    await stage.live(on(1));
    await other.live(on(2));
    const [kept, lost] = [await stage.publish('kept'), await other.publish('lost')];
    const [pod] = await other.pods();
    expect(pod.spec.nodeName).toBe(node(2).name);
    await node(2).kill();
    const killedAt = performance.now();
    try {
      // Another replica of the operator may have to take over first.
      const [, degraded] = await Promise.all([
        other.condition('mediaserver/live', 'Available', 'False', 'NoReadyPods'),
        other.condition('mediaserver/live', 'Degraded', 'True', 'PodNotReady'),
      ]);
      const saidAt = performance.now();
      expect(degraded.message).toContain(`pod ${pod.metadata.name} on node ${node(2).name}`);
      await until('an Event says so', async () => {
        const { items } = await other.get('events.events.k8s.io');
        return items.some(({ note }: Json) => note === degraded.message);
      });
      expect(saidAt - killedAt).toBeLessThan(40_000);
      expect(kept.state).toBe('connected');
      await until('it is still checked', () => stage.checkedSince(saidAt).has('kept'), SLOW);
      await reconciles('three');
      await other.condition('mediaserver/live', 'Available', 'True');
      await other.condition('mediaserver/live', 'Degraded', 'False');
    } finally {
      await restartNode(2);
    }
    await other.ready();
    await lost.untilEnded();
    // Its endpoint may still be on its way to the ingress controller.
    await until('it is published again', () => other.publish('again').catch(() => null), SLOW);
    expect(kept.state).toBe('connected');
  });

  it(
    'an outage of the API server costs no stream; changes made during it are applied afterwards',
    () =>
      untouched(async () => {
        onTestFinished(restartWatchers);
        await stopApiServer();
        const from = performance.now();
        await until('a minute without it', () => performance.now() - from > 60_000, { timeoutMs: 70_000 });
        await startApiServer();
        expect(stage.checkedSince(from).has('kept')).toBe(true);
        const backAt = performance.now();
        await reconciles('two');
        expect(performance.now() - backAt).toBeLessThan(20_000);
      }),
    240_000,
  );
});
