import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { readPromql } from '../../harness/promql.ts';
import { RtspCameras } from '../../harness/sources.ts';
import { streamCapture } from '../../harness/stream-captures.ts';
import { until } from '../../harness/wait.ts';

const VALUES = ['metrics.prometheusRule.enabled=true', 'metrics.dashboard.enabled=true'];
const RULES_CRD = 'crd/prometheusrules.monitoring.coreos.com';
let stage: ClusterStage;
let rule: Json;
let configMap: Json;
/** An existing definition stays, since the tests do not own it. */
let isCrdOurs: boolean;
let cameras: RtspCameras;

beforeAll(async () => {
  stage = await ClusterStage.open('metrics');
  cameras = await RtspCameras.start(stage.kube.target.machine);
  isCrdOurs = (await stage.kube.get('default', RULES_CRD).catch(() => null)) === null;
  if (isCrdOurs) await stage.kube.kubectl(['apply', '--server-side', '-f', rulesCrd()]);
  const wait = ['wait', RULES_CRD, '--for=condition=Established', '--timeout=60s'];
  // kubectl does not wait for a definition that has no conditions yet.
  await until('the definition is established', () => stage.kube.kubectl(wait).catch(() => null));
  const sets = VALUES.flatMap((value) => ['--set', value]);
  const text = await stage.kube.helm(['template', 'sluice', 'charts/sluice', '--namespace', SYSTEM, ...sets]);
  const objects: Json[] = parseAllDocuments(text).map((document) => document.toJS());
  rule = objects.find((each) => each?.kind === 'PrometheusRule');
  configMap = objects.find((each) => each?.kind === 'ConfigMap');
});

afterAll(async () => {
  await stage.clear();
  await cameras.run.stop('SIGKILL');
  if (isCrdOurs) await stage.kube.kubectl(['delete', '--ignore-not-found', RULES_CRD]);
});

function captureSpec(): object {
  const requests = { requests: { cpu: '50m', memory: '64Mi' } };
  return {
    allow: [{ cidr: `${stage.kube.target.machine}/32` }],
    resources: { sources: requests, capture: requests },
  };
}

function rulesCrd(): string {
  const folder = process.env['SLUICE_CRDS'];
  if (!folder) throw new Error('SLUICE_CRDS must be set; run this with make test');
  return join(folder, 'prometheus/monitoring.coreos.com_prometheusrules.yaml');
}

/** The result of a dry run on the API server. */
async function dryRun(object: object): Promise<Json> {
  const args = ['apply', '--server-side', '--dry-run=server', '-o', 'json', '-f', '-'];
  return JSON.parse(await stage.kube.kubectl(args, { input: stringify(object) }));
}

/** Names of a pod's series, and the labels of each that has samples. */
type Scrape = { readonly names: ReadonlySet<string>; readonly labels: ReadonlyMap<string, ReadonlySet<string>> };

async function scrape(namespace: string, pod: string, port: number): Promise<Scrape> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/metrics`;
  const text = await stage.kube.kubectl(['get', '--raw', path]);
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', list = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const seen = labels.get(name) ?? new Set();
    for (const [, label = ''] of list.matchAll(/(\w+)="/g)) seen.add(label);
    labels.set(name, seen);
  }
  return {
    names: new Set(types.map(([, name, type]) => (type === 'histogram' ? `${name}_bucket` : `${name}`))),
    labels,
  };
}

/** Skips a pod that is terminating after an upgrade in another test. */
const isReady = ({ metadata, status }: Json): boolean =>
  !metadata.deletionTimestamp && status.containerStatuses?.every(({ ready }: Json) => ready);

const alerts = (): Json[] => rule.spec.groups.flatMap(({ rules }: Json) => rules);
const panels = (): Json[] => JSON.parse(configMap.data['sluice.json']).panels;
const asPromql = (expr: string): string => expr.replaceAll('$__rate_interval', '5m');

describe('what the chart creates for Prometheus and Grafana', () => {
  it('is accepted by an API server that knows PrometheusRules', async () => {
    expect((await dryRun(rule)).spec).toEqual(rule.spec);
    expect((await dryRun(configMap)).data).toEqual(configMap.data);
    const dashboard = await readFile('charts/sluice/dashboards/sluice.json', 'utf8');
    expect(JSON.parse(configMap.data['sluice.json'])).toEqual(JSON.parse(dashboard));
  });

  it('would not be accepted with an unknown field or an invalid duration', async () => {
    const [first] = alerts();
    const changed = (change: object): object => ({
      ...rule,
      spec: { groups: [{ name: 'sluice', rules: [{ ...first, ...change }] }] },
    });
    await expect(dryRun(changed({ forr: '1m' }))).rejects.toThrow('forr');
    await expect(dryRun(changed({ for: 'soon' }))).rejects.toThrow('for');
  });

  it('uses metrics and labels that the pods have', async () => {
    await stage.live({ capture: captureSpec() });
    // It is left after two seconds, and connected to again.
    await stage.apply(streamCapture('gate', { rtsp: { url: cameras.url('short') } }));
    await stage.condition('scap/gate', 'Capturing', 'True', 'Connected');
    await stage.publish('measured');
    await stage.play('measured');
    const from = performance.now();
    await until('it is checked', () => stage.checkedSince(from).has('measured'));
    expect(await stage.terminate({ name: 'measured' })).toBe(200);
    const [pod] = await stage.pods();
    await stage.condition('scap/gate', 'Capturing', 'False');
    const { items } = await stage.kube.get(SYSTEM, 'pods', '-l', 'app.kubernetes.io/name=sluice-operator');
    const { assignment } = (await stage.get('scap/gate')).status;
    const scrapes = await Promise.all([
      scrape(stage.namespace, pod.metadata.name, 9090),
      scrape(stage.namespace, assignment.pod, 9090),
      ...items.filter(isReady).map(({ metadata }: Json) => scrape(SYSTEM, metadata.name, 8080)),
    ]);
    const samplesOf = (metric: string): ReadonlySet<string>[] =>
      scrapes.flatMap(({ labels }) => labels.get(metric) ?? []);

    const targets = panels().flatMap(({ targets = [] }) => targets);
    const selectors = [...alerts(), ...targets].flatMap(({ expr }) => readPromql(asPromql(expr)).selectors);
    expect(selectors.filter(({ metric }) => !scrapes.some(({ names }) => names.has(metric)))).toEqual([]);
    // Without errors of the operator or the backend, their metrics have no samples that show labels.
    const sampled = selectors.filter(({ metric }) => samplesOf(metric).length > 0);
    expect(sampled.length).toBeGreaterThan(50);
    const missing = sampled.flatMap(({ labels, metric }) => {
      const its = new Set(['namespace', 'job', ...samplesOf(metric).flatMap((seen) => [...seen])]);
      return labels.filter((label) => !its.has(label)).map((label) => `${metric} has no label ${label}`);
    });
    expect(missing).toEqual([]);
  });
});
