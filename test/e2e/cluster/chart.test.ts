import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { until } from '../../harness/wait.ts';

const SLOW = { timeoutMs: 90_000, everyMs: 200 };
let stage: ClusterStage;
let other: ClusterStage;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-chart-'));
  stage = await ClusterStage.open('chart-one');
  other = await ClusterStage.open('chart-two');
});

afterEach(async () => {
  await stage.leave();
  await other.leave();
});

afterAll(async () => {
  await stage.kube.install();
  await stage.clear();
  await other.clear();
  await rm(folder, { recursive: true, force: true });
});

const PARENT = `apiVersion: v2
name: parent
version: 1.0.0
dependencies:
  - { name: sluice, version: 0.1.0, repository: "file://../sluice", condition: sluice.enabled }
`;

const helm = (...args: string[]): Promise<string> => stage.kube.helm(args);
const template = (...args: string[]): Promise<string> => helm('template', 'sluice', 'charts/sluice', ...args);
const objects = (text: string): Json[] => parseAllDocuments(text).map((document) => document.toJS());
const crd = (): Promise<Json> => stage.kube.get('default', 'crd/mediaservers.sluice.dev');

describe('the chart', () => {
  it('passes helm lint', async () => {
    expect(await helm('lint', '--strict', 'charts/sluice')).toContain('0 chart(s) failed');
  });

  it.each([
    ['a misspelt value', 'replica=3', 'replica'],
    ['a misspelt value below', 'image.tags=x', 'tags'],
    ['a value of another type', 'replicas=many', 'replicas'],
    ['an unknown log level', 'logLevel=loud', 'logLevel'],
    ['an invalid namespace', 'watchNamespaces={Upper}', 'watchNamespaces'],
    ['misspelt resources', 'resources.limit.memory=1Gi', 'limit'],
    ['a misspelt resource', 'resources.limits.memroy=1Gi', 'memroy'],
    ['an invalid quantity', 'resources.limits.memory=1GB', 'memory'],
    ['a misspelt toleration', 'tolerations[0].efect=NoSchedule', 'efect'],
    ['a misspelt affinity', 'affinity.nodeAffinty.x=y', 'nodeAffinty'],
  ])('refuses %s', async (_what, value, words) => {
    await expect(template('--set', value)).rejects.toThrow(words);
  });

  it('accepts every value in its values.yaml', async () => {
    expect(objects(await template('--values', 'charts/sluice/values.yaml')).length).toBeGreaterThan(8);
  });

  it('accepts quantities as a pod spec has them', async () => {
    const values = [
      'resources.limits.cpu=0.5',
      'resources.limits.memory=1Gi',
      'resources.requests.example\\.com/gpu=1',
    ];
    expect(await template('--set', values.join(','))).toContain('example.com/gpu: 1');
  });

  it('requests few resources for its helm test', async () => {
    const pod = objects(await template()).find((each) => each?.kind === 'Pod');
    expect(pod?.spec.containers[0].resources).toEqual({
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { memory: '256Mi' },
    });
  });

  it.each([
    ['renders', 'true', true],
    ['does not render when it is switched off', 'false', false],
  ])('as a dependency of another chart %s', async (_what, enabled, isThere) => {
    const parent = join(folder, `parent-${enabled}`);
    await cp('charts/sluice', join(parent, 'charts/sluice'), { recursive: true });
    await writeFile(join(parent, 'Chart.yaml'), PARENT);
    await writeFile(join(parent, 'values.yaml'), 'global: { team: media }\nsluice: { replicas: 1 }\n');
    const text = await helm('template', 'parent', parent, '--set', `sluice.enabled=${enabled}`);
    expect(objects(text).some((each) => each?.kind === 'Deployment')).toBe(isThere);
  });

  it('writes no cluster-scoped objects, and neither lists nor watches Secrets', async () => {
    const roles = objects(await template()).filter((each) => ['ClusterRole', 'Role'].includes(each?.kind));
    const rules = roles.flatMap((role) => role.rules);
    const reads = rules
      .filter(({ resources }: Json) => resources.includes('secrets'))
      .flatMap(({ verbs }: Json) => verbs);
    expect(reads.sort()).toEqual(['create', 'get', 'patch']);
    const all = rules.flatMap(({ apiGroups, resources, verbs }: Json) => [...apiGroups, ...resources, ...verbs]);
    expect(all).not.toContain('*');
    for (const clusterScoped of ['nodes', 'namespaces', 'customresourcedefinitions', 'clusterroles']) {
      expect(all).not.toContain(clusterScoped);
    }
  });

  it('has roles only in the watched namespaces when these are set', async () => {
    const made = objects(await template('--set', 'watchNamespaces={a,b}'));
    expect(made.filter((each) => each?.kind.startsWith('ClusterRole'))).toEqual([]);
    const roles = made.filter((each) => each?.kind === 'Role').map(({ metadata }) => metadata.namespace);
    expect(roles.sort()).toEqual(['a', 'b', 'default']);
  });

  it('has no helm test without a Service', async () => {
    const made = objects(await template('--set', 'metrics.service.enabled=false'));
    expect(made.filter((each) => ['Service', 'Pod'].includes(each?.kind))).toEqual([]);
  });

  it('confirms with helm test that the operator answers', async () => {
    expect(await helm('test', 'sluice', '-n', SYSTEM, '--timeout', '60s')).toMatch(/Phase:\s+Succeeded/);
  });

  it('prints next steps that work as printed', async () => {
    const notes = await helm('get', 'notes', 'sluice', '-n', SYSTEM);
    const text = /<<YAML\n([\s\S]*?)\n +YAML/.exec(notes)?.[1] ?? '';
    await stage.apply(text.replaceAll(/^ {3}/gm, ''));
    await stage.condition('mediaserver/live', 'Available', 'True');
    await stage.condition('streamapp/default', 'Programmed', 'True');
    expect(await stage.kube.kubectl(['-n', stage.namespace, 'get', 'mediaservers,streamapps,resthooks'])).toContain(
      'defaultApp',
    );
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'mserver,sapp,rhook', '--all'], { timeoutMs: 60_000 });
  });
});

/** The chart one version earlier, with fewer fields and one replica of the operator. */
async function previousChart(): Promise<string> {
  const chart = join(folder, 'sluice');
  await cp('charts/sluice', chart, { recursive: true });
  const edit = async (file: string, change: (text: string) => string): Promise<void> => {
    const text = await readFile(join(chart, file), 'utf8');
    const changed = change(text);
    expect(changed).not.toBe(text);
    await writeFile(join(chart, file), changed);
  };
  await edit('Chart.yaml', (text) => text.replace('version: 0.1.0', 'version: 0.0.9'));
  await edit('values.yaml', (text) => text.replace('replicas: 2', 'replicas: 1'));
  await edit('templates/crds.yaml', (text) => text.replace(/^ +podDisruptionBudget:\n(?: +.*\n){3}/m, ''));
  return chart;
}

const hasField = async (): Promise<boolean> =>
  (await crd()).spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.podDisruptionBudget !== undefined;

/** Installs or upgrades the release from a chart, with the image of the tests. */
async function upgrade(chart: string, ...values: string[]): Promise<void> {
  const [repository = '', tag = ''] = stage.kube.target.image.split(/:(?=[^:]*$)/);
  const image = ['--set', `image.repository=${repository}`, '--set', `image.tag=${tag}`];
  const where = ['--namespace', SYSTEM, '--create-namespace', '--wait', '--timeout', '3m'];
  await helm('upgrade', '--install', 'sluice', chart, ...where, ...image, ...values);
}

const podUids = async (): Promise<string[]> => (await stage.pods()).map(({ metadata }) => metadata.uid);

describe('installed, upgraded, rolled back and uninstalled', () => {
  it('affects no stream and no pod; definitions and resources stay', { timeout: 400_000 }, async () => {
    await upgrade(await previousChart());
    expect(await hasField()).toBe(false);
    await stage.live();
    const publisher = await stage.publish('kept');
    const player = await stage.play('kept');
    const pods = await podUids();
    const isUntouched = async (): Promise<void> => {
      expect([publisher.state, player.state]).toEqual(['connected', 'connected']);
      expect(await podUids()).toEqual(pods);
      const from = performance.now();
      await until('it is still checked', () => stage.checkedSince(from).has('kept'));
    };

    await upgrade('charts/sluice');
    expect(await hasField()).toBe(true);
    await isUntouched();

    await helm('rollback', 'sluice', '-n', SYSTEM, '--wait', '--timeout', '3m');
    expect(await hasField()).toBe(false);
    await isUntouched();

    await helm('uninstall', 'sluice', '-n', SYSTEM, '--wait', '--timeout', '3m');
    expect((await stage.get('mediaserver/live')).metadata.name).toBe('live');
    await isUntouched();
    expect(await stage.terminate({ name: 'kept', published: false })).toBe(200);
    await player.ended();

    await upgrade('charts/sluice');
    await stage.patch('mediaserver/live', { spec: { keepAlive: { interval: '2s' } } });
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    expect(publisher.state).toBe('connected');
    expect(await podUids()).toEqual(pods);
  });

  it('manages only the namespaces in watchNamespaces', { timeout: 240_000 }, async () => {
    await upgrade('charts/sluice', '--set', `watchNamespaces={${stage.namespace}}`);
    await stage.live();
    await other.apply(other.mediaServer({ rest: {} }));
    await stage.patch('mediaserver/live', { spec: { keepAlive: { interval: '3s' } } });
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    expect(await stage.kube.kubectl(['get', 'clusterroles', '-o', 'name'])).not.toMatch(/clusterrole[^\n]*\/sluice$/m);
    expect((await other.get('mediaserver/live')).status).toBeUndefined();
    expect(await other.pods()).toEqual([]);
  });

  it('manages MediaServers of the same name in two namespaces by default, each with its own streams', {
    timeout: 240_000,
  }, async () => {
    await upgrade('charts/sluice');
    await stage.live();
    await other.live();
    await until('each has its pod', async () => (await stage.pods()).length + (await other.pods()).length === 2, SLOW);
    const [here, there] = [await stage.publish('same'), await other.publish('same')];
    expect(await stage.terminate({})).toBe(200);
    await here.ended();
    expect(there.state).toBe('connected');
    expect(await stage.terminate({})).toBe(404);
  });
});
