import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { run } from '../../cluster/commands.ts';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';

/** The optional parts need the Prometheus operator. */
const VALUES = [
  'metrics.prometheusRule.enabled=true',
  'metrics.podMonitor.enabled=true',
  'metrics.dashboard.enabled=true',
];
const CHILDREN = 'deployment,service,serviceaccount,networkpolicy,poddisruptionbudget,ingress,configmap';
/** Rules of kube-score that do not apply, each with the reason. */
const IGNORED = [
  // Images have a version as their tag.
  'container-image-pull-policy',
  // File systems are read-only, except for a volume of 16Mi.
  'container-ephemeral-storage-request-and-limit',
  // The chart does not know what may scrape the operator.
  'pod-networkpolicy',
];
/** A CPU limit delays media. The user decides how much memory streams need. */
const LIMITS = ['--ignore-container-cpu-limit', '--ignore-container-memory-limit'];

let stage: ClusterStage;
let folder: string;
let chart: Json[];
let children: Json[];

beforeAll(async () => {
  stage = await ClusterStage.open('checkers');
  folder = await mkdtemp(join(tmpdir(), 'sluice-checkers-'));
  await stage.live({ capture: { allow: [{ cidr: '198.18.0.0/15' }] } });
  await stage.kube.kubectl(['-n', stage.namespace, 'rollout', 'status', 'deployment/live-capture', '--timeout=60s']);
  const sets = VALUES.flatMap((value) => ['--set', value]);
  const text = await stage.kube.helm(['template', 'sluice', 'charts/sluice', '--namespace', SYSTEM, ...sets]);
  chart = parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
  const { items } = await stage.get(CHILDREN, '-l', 'app.kubernetes.io/managed-by=sluice');
  children = items.map(({ status: _status, ...object }: Json) => object);
});

afterAll(async () => {
  await stage.clear();
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, objects: readonly object[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, objects.map((object) => stringify(object)).join('---\n'));
  return file;
}

const metricsOf = (namespace: string, pod: string, port: number): Promise<string> =>
  stage.kube.kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/metrics`]);

describe('promtool', () => {
  it('accepts the metrics of all programs', async () => {
    await stage.publish('measured');
    const [pod] = await stage.pods();
    const captures = await stage.get('pods', '-l', 'app.kubernetes.io/name=sluice-capture');
    const { items } = await stage.kube.get(SYSTEM, 'pods', '-l', 'app.kubernetes.io/name=sluice-operator');
    const texts = [
      await metricsOf(stage.namespace, pod.metadata.name, 9090),
      await metricsOf(stage.namespace, captures.items[0].metadata.name, 9090),
      await metricsOf(SYSTEM, items[0].metadata.name, 8080),
    ];
    for (const input of texts) {
      expect(input).toContain('# TYPE');
      await run('promtool', ['check', 'metrics'], { input });
    }
  });

  it('would refuse a gauge that is named like a counter', async () => {
    const input = '# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n';
    await expect(run('promtool', ['check', 'metrics'], { input })).rejects.toThrow('a_total');
  });

  it('accepts the alerts, as a file and as the chart renders them', async () => {
    const { spec } = chart.find(({ kind }) => kind === 'PrometheusRule');
    for (const file of ['charts/sluice/alerts/sluice.yaml', await write('rules.yaml', [spec])]) {
      expect(await run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', file])).toContain('SUCCESS');
    }
  });
});

describe('kube-score', () => {
  it('finds nothing critical in the objects of the chart and the operator', async () => {
    const ignored = IGNORED.flatMap((rule) => ['--ignore-test', rule]);
    const file = await write('scored.yaml', [...chart, ...children]);
    await run('kube-score', ['score', '--output-format', 'ci', ...ignored, ...LIMITS, file]);
  });

  it('would find a container that may run as root', async () => {
    const deployment = structuredClone(children.find(({ kind }) => kind === 'Deployment'));
    deployment.spec.template.spec.containers[0].securityContext = { privileged: true };
    await expect(run('kube-score', ['score', await write('root.yaml', [deployment])])).rejects.toThrow();
  });
});

describe('kubeconform', () => {
  const conforms = (file: string): Promise<string> => {
    const location = join(folder, 'schemas/{{.Group}}/{{.ResourceAPIVersion}}/{{.ResourceKind}}.json');
    // This cluster does not have the API of the Prometheus operator.
    const skipped = ['-skip', 'PrometheusRule,PodMonitor,CustomResourceDefinition'];
    return run('kubeconform', ['-strict', '-schema-location', location, ...skipped, '-summary', file]);
  };

  beforeAll(async () => {
    for (const apiVersion of new Set([...chart, ...children].map((object) => object.apiVersion as string))) {
      await writeSchemas(apiVersion);
    }
  });

  it('finds only fields that the API server knows', async () => {
    const summary = await conforms(await write('conforming.yaml', [...chart, ...children]));
    expect(summary).toContain('Invalid: 0, Errors: 0');
    expect(summary).toMatch(/Valid: [1-9]\d/);
  });

  it('would find a field that is misspelt', async () => {
    const deployment = structuredClone(chart.find(({ kind }) => kind === 'Deployment'));
    deployment.spec.template.spec.containers[0].imagePullPolicies = 'Always';
    await expect(conforms(await write('misspelt.yaml', [deployment]))).rejects.toThrow();
  });

  /** The schemas of the API server itself, one file per kind. */
  async function writeSchemas(apiVersion: string): Promise<void> {
    const isCore = !apiVersion.includes('/');
    const [group = '', version = apiVersion] = apiVersion.split('/');
    const path = `/openapi/v3/${isCore ? 'api' : 'apis'}/${apiVersion}`;
    const text = await stage.kube.kubectl(['get', '--raw', path]).catch(() => null);
    if (text === null) return;
    const { components } = JSON.parse(text);
    for (const schema of Object.values<Json>(components.schemas)) closeObject(schema);
    const into = join(folder, 'schemas', group, version);
    await mkdir(into, { recursive: true });
    for (const [name, schema] of Object.entries<Json>(components.schemas)) {
      for (const { group: its, kind, version: of } of schema['x-kubernetes-group-version-kind'] ?? []) {
        if (its !== (isCore ? '' : group) || of !== version) continue;
        const document = { $ref: `#/components/schemas/${name}`, components };
        await writeFile(join(into, `${kind.toLowerCase()}.json`), JSON.stringify(document));
      }
    }
  }
});

/** A schema of the API server allows unknown fields; its field validation refuses them. */
function closeObject(schema: Json): void {
  if (schema.properties && schema.additionalProperties === undefined) schema.additionalProperties = false;
}
