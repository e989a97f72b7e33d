import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { until } from '../../harness/wait.ts';

let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('handover');
  await stage.live();
  await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
});

afterAll(() => stage.clear());

const holder = async (): Promise<string> =>
  (await stage.kube.get(SYSTEM, 'lease', 'sluice-operator')).spec.holderIdentity ?? '';

describe('the operator of the chart', () => {
  it('releases its Lease when it stops, and the next replica leads at once', async () => {
    await stage.kube.kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/sluice', '--timeout=60s']);
    const before = await until('a replica leads', async () => (await holder()) || null, { timeoutMs: 40_000 });
    const [pod = ''] = before.split('_');
    await stage.kube.kubectl(['-n', SYSTEM, 'delete', 'pod', pod, '--wait=false']);
    const from = performance.now();
    await until('another one leads', async () => !['', before].includes(await holder()), { timeoutMs: 60_000 });
    // An unreleased Lease can be acquired 15 s after its last renewal.
    expect(performance.now() - from).toBeLessThan(6_000);
  });

  it('is the field manager of every field that it writes', async () => {
    const kinds = ['mediaserver/live', 'streamapp/default', 'resthook/backend', 'deployment/live'];
    for (const what of kinds) {
      const { metadata } = JSON.parse(
        await stage.kube.kubectl(['-n', stage.namespace, 'get', what, '-o', 'json', '--show-managed-fields']),
      );
      const managers: string[] = metadata.managedFields.map(({ manager }: Json) => manager);
      expect(managers, what).toContain('sluice-operator');
      expect(managers, what).not.toContain('unknown');
    }
    const lease = ['-n', SYSTEM, 'get', 'lease/sluice-operator', '-o', 'json', '--show-managed-fields'];
    const { metadata } = JSON.parse(await stage.kube.kubectl(lease));
    expect(metadata.managedFields.map(({ manager }: Json) => manager)).toEqual(['sluice-operator']);
  });
});
