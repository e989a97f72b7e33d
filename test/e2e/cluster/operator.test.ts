import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CAPTURE_KEY_FILE, FLEET_KEY_FILE } from '../../../crds/render/fleet-key.ts';
import { hashOf } from '../../../crds/render/hash.ts';
import { HOOK_METHODS } from '../../../crds/schema/hook-methods.ts';
import { StreamObject } from '../../../crds/schema/stream.ts';
import { pathOf, type ResourceType, TYPES } from '../../../operator/kube/objects.ts';
import { Api } from '../../harness/api.ts';
import { ClusterStage, restHook } from '../../harness/cluster-stage.ts';
import type { Json } from '../../harness/kube.ts';
import { OwnOperator, withoutChartOperator } from '../../harness/own-operator.ts';
import { freePort } from '../../harness/ports.ts';
import { startProcess } from '../../harness/processes.ts';
import { until } from '../../harness/wait.ts';

const NAMESPACE = 'operator';
const MINUTES = 60_000;
let api: Api;
let stage: ClusterStage;
let restoreChart: () => Promise<void>;
const operators: OwnOperator[] = [];
/** Eight kilobytes: every method excludes every field of a stream. */
const FIELDS = Object.keys(StreamObject.properties);
const LONG_METHODS = HOOK_METHODS.map((name) => ({ name, clientExclude: FIELDS, restExclude: FIELDS }));

beforeAll(async () => {
  api = await Api.open();
  restoreChart = await withoutChartOperator(api);
  stage = await ClusterStage.open(NAMESPACE);
});

afterEach(() => Promise.all(operators.splice(0).map((operator) => operator.stop())));

afterAll(async () => {
  await restoreChart();
  await stage.clear();
  await api.close();
});

async function operate(options: { factor?: number } = {}): Promise<OwnOperator> {
  const operator = await OwnOperator.start(api, NAMESPACE, options);
  operators.push(operator);
  return operator;
}

const config = async (): Promise<Json> => JSON.parse((await stage.get('configmap/live-config')).data['config.json']);

/** Waits for the interval in the config that pods read. */
async function changed(interval: string, ms: number): Promise<void> {
  await stage.patch('mediaserver/live', { spec: { keepAlive: { interval } } });
  await until('it has arrived', async () => (await config()).apps[0]?.keepAlive.intervalMs === ms, {
    timeoutMs: 20_000,
  });
}

describe('an operator', () => {
  it('makes a MediaServer run, and writes nothing in ten minutes of rest', { timeout: 180_000 }, async () => {
    const factor = 40;
    const operator = await operate({ factor });
    await stage.live();
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    await stage.condition('streamapp/default', 'KeepAliveActive', 'True');
    await stage.condition('mediaserver/live', 'Progressing', 'False', 'Settled');
    // Reconciles caused by its own last writes.
    await new Promise((resolve) => setTimeout(resolve, (2 * MINUTES) / factor));
    const before = operator.proxy.writes.length;
    const requests = operator.proxy.requests.length;
    await new Promise((resolve) => setTimeout(resolve, (10 * MINUTES) / factor));
    expect(operator.proxy.writes.slice(before)).toEqual([]);
    // Twice a minute: ConfigMap, Secret, HTTPRoute, PodMonitor, and the Secret of the REST API.
    const reads = operator.proxy.requests.slice(requests).filter(({ isWatch }) => !isWatch);
    expect(reads.length).toBeLessThanOrEqual(5 * 2 * 10 + 5);
  });

  it('changes nothing after a restart: an edit writes its config and status only', async () => {
    const operator = await operate();
    await until('it has looked at everything', () =>
      operator.proxy.requests.some(({ path }) => path === pathOf(TYPES.ConfigMap, NAMESPACE, 'live-config')),
    );
    await changed('2s', 2_000);
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    const paths = new Set(operator.proxy.writes.map(({ path }) => path));
    const status = (type: (typeof TYPES)['MediaServer'] | (typeof TYPES)['StreamApp'], name: string): string =>
      `${pathOf(type, NAMESPACE, name)}/status`;
    for (const path of paths) {
      expect([
        pathOf(TYPES.ConfigMap, NAMESPACE, 'live-config'),
        status(TYPES.MediaServer, 'live'),
        status(TYPES.StreamApp, 'default'),
      ]).toContain(path);
    }
  });

  it('continues after its connections were cut, and applies the changes made meanwhile', async () => {
    const operator = await operate();
    operator.proxy.fault = () => ({ kind: 'reset' });
    operator.proxy.cut();
    const arrives = changed('3s', 3_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    operator.proxy.fault = () => null;
    await arrives;
  });

  it('retries a write that an overloaded API server refused, after its Retry-After', async () => {
    const operator = await operate();
    let refused = 0;
    operator.proxy.fault = ({ method }) => {
      if (method === 'GET' || refused > 2) return null;
      refused++;
      return { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
    };
    await changed('4s', 4_000);
    const path = pathOf(TYPES.ConfigMap, NAMESPACE, 'live-config');
    const [first, second] = operator.proxy.writes.filter((each) => each.path === path);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('works with a slow API server', async () => {
    const operator = await operate();
    operator.proxy.fault = async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return null;
    };
    await changed('5s', 5_000);
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
  });

  it('loses no finalizer of others, and retries after a conflict', async () => {
    const foreign = 'example.com/keep';
    const operator = await operate();
    let met = false;
    operator.proxy.fault = async ({ method, path }) => {
      if (met || method !== 'PATCH' || path !== pathOf(TYPES.MediaServer, NAMESPACE, 'second')) return null;
      met = true;
      // Another client writes between its read and its write, so its version is no longer the newest.
      await api.patch(TYPES.MediaServer, NAMESPACE, 'second', { metadata: { finalizers: [foreign] } });
      return null;
    };
    await stage.apply(stage.mediaServer({ ingress: null, replicas: 0, rest: {} }, 'second'));
    const { metadata } = await until('both are there', async () => {
      const object = await stage.get('mediaserver/second');
      return object.metadata.finalizers?.length === 2 ? object : null;
    });
    expect(met).toBe(true);
    expect([...metadata.finalizers].sort()).toEqual([foreign, 'sluice.dev/drain']);
    await api.patch(TYPES.MediaServer, NAMESPACE, 'second', { metadata: { finalizers: ['sluice.dev/drain'] } });
    await stage.kube.kubectl(['-n', NAMESPACE, 'delete', 'mediaserver/second']);
  });

  it('reverts what others change in its objects', async () => {
    await operate();
    await stage.kube.kubectl(['-n', NAMESPACE, 'delete', 'service/live']);
    await until('the Service is back', () => stage.get('service/live').catch(() => null));
    await api.patch(TYPES.Deployment, NAMESPACE, 'live', { spec: { replicas: 0 } });
    await until('it has its replica again', async () => (await stage.get('deployment/live')).spec.replicas === 1);
  });

  it('keeps what others add to its objects', async () => {
    await operate();
    await stage.kube.kubectl(['-n', NAMESPACE, 'annotate', 'service/live', 'example.com/note=mine']);
    await changed('6s', 6_000);
    const { metadata } = await stage.get('service/live');
    expect(metadata.annotations['example.com/note']).toBe('mine');
  });

  it('deletes objects that are no longer wanted', async () => {
    await operate();
    await stage.patch('mediaserver/live', { spec: { networkPolicy: false, podDisruptionBudget: false } });
    const isGone = async (what: string): Promise<boolean> => (await stage.get(what).catch(() => null)) === null;
    await until('both are gone', async () => (await isGone('networkpolicy/live')) && (await isGone('pdb/live')));
    await stage.patch('mediaserver/live', { spec: { networkPolicy: null, podDisruptionBudget: null } });
    await until('both are back', async () => !(await isGone('networkpolicy/live')) && !(await isGone('pdb/live')));
  });

  it('reports kinds that the cluster does not have', async () => {
    await operate();
    await stage.patch('mediaserver/live', { spec: { podMonitor: true } });
    await stage.condition('mediaserver/live', 'Degraded', 'True', 'PodMonitorUnavailable');
    await stage.patch('mediaserver/live', { spec: { podMonitor: null } });
    await stage.condition('mediaserver/live', 'Degraded', 'False');
  });

  it('keeps the last good config when the next one is too large for a ConfigMap', async () => {
    await operate();
    const before = await config();
    const objects = Array.from({ length: 120 }, (_, index) => ({ name: `big-${index}`, labels: { size: 'big' } }));
    const hook = { url: `${stage.backend.url}/${'x'.repeat(1_900)}`, methods: LONG_METHODS };
    const appOf = (name: string) => ({ appKey: name, mediaServerRef: { name: 'live' }, restHookRef: { name } });
    const create = (type: ResourceType, specOf: (name: string) => object): Promise<unknown> =>
      Promise.all(objects.map((metadata) => api.create(type, NAMESPACE, { metadata, spec: specOf(metadata.name) })));
    await create(TYPES.RestHook, () => hook);
    await create(TYPES.StreamApp, appOf);
    const { message } = await stage.condition('mediaserver/live', 'ConfigApplied', 'False', 'ConfigTooLarge');
    expect(message).toMatch(/the rendered config has \d+ bytes, must be at most 921600/);
    expect((await config()).media).toEqual(before.media);
    for (const type of [TYPES.StreamApp, TYPES.RestHook]) {
      await api.client.call('DELETE', pathOf(type, NAMESPACE), { query: { labelSelector: 'size=big' } });
    }
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    expect(await config()).toEqual(before);
  });

  it('shows nothing of a Secret in status, Events or ConfigMaps', async () => {
    await operate();
    await stage.apply(restHook(stage.backend.url, { auth: { type: 'basic', secretRef: { name: 'api' } } }));
    await stage.condition('resthook/backend', 'ResolvedRefs', 'True');
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    const kinds = 'mediaservers,streamapps,resthooks,configmaps,deployments,pods,events.events.k8s.io';
    const text = await stage.kube.kubectl(['-n', NAMESPACE, 'get', kinds, '-o', 'yaml']);
    expect(text).not.toContain('sesame');
    expect(text).not.toContain(Buffer.from('sesame').toString('base64'));
    await stage.apply(restHook(stage.backend.url));
  });
});

describe('the operator outside the cluster', () => {
  it('works as inside, and stops on request', async () => {
    const port = await freePort();
    const where = ['--watch-namespaces', NAMESPACE, '--no-leader-election', '--listen-address', '127.0.0.1'];
    const args = ['operator/main.ts', '--image', api.kube.target.image, ...where, '--port', String(port)];
    const { kubeconfig } = api.kube.target;
    const env = kubeconfig === '' ? {} : { KUBECONFIG: kubeconfig };
    const running = startProcess(process.execPath, args, { env });
    try {
      const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
      await until('it is ready', () => ready().catch(() => false));
      await changed('7s', 7_000);
      await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toMatch(
        /^controller_runtime_reconcile_total\{controller="mediaserver",result="requeue_after"\} \d/m,
      );
      expect(metrics).toMatch(/^sluice_mediaservers\{condition="Available"\} 1$/m);
    } finally {
      await running.stop('SIGTERM');
    }
    expect(running.child.exitCode).toBe(0);
    expect(running.lines.join('\n')).not.toContain('sesame');
  });
});

describe('a pod that the operator cannot reach', () => {
  it('reads its config from its volume when that is newer', { timeout: 150_000 }, async () => {
    const [pod] = await stage.pods();
    const current = await config();
    const next = { ...current, keepAlive: { ...current.keepAlive, appKeys: ['by-volume'] } };
    const { data } = await stage.get('secret/live-assets');
    const names = Object.keys(data).filter((name) => name !== FLEET_KEY_FILE && name !== CAPTURE_KEY_FILE);
    const assets = new Map(names.map((name): [string, Buffer] => [name, Buffer.from(data[name], 'base64')]));
    const hash = hashOf({ config: next, assets });
    const version = `${Date.now()} ${hash}`;
    await api.patch(TYPES.ConfigMap, NAMESPACE, 'live-config', {
      data: { 'config.json': JSON.stringify(next), version },
    });
    const runs = async (): Promise<boolean> =>
      (await (await fetch(`http://${pod.status.podIP}:9090/metrics`)).text()).includes(
        `sluice_config_info{hash="${hash}"} 1`,
      );
    await until('the pod runs it', runs, { timeoutMs: 120_000, everyMs: 500 });
  });
});
