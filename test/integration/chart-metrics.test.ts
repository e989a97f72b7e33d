import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ACCEPTED_REASONS, CAPTURING_REASONS, HELD_CAUSES } from '../../crds/schema/capture-reasons.ts';
import { CaptureMetrics } from '../../media-server/capture/metrics.ts';
import { Metrics } from '../../media-server/metrics.ts';
import { OperatorMetrics } from '../../operator/metrics.ts';
import { run } from '../cluster/commands.ts';
import { type Query, readPromql } from '../harness/promql.ts';

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
};
type Target = { readonly expr: string; readonly legendFormat: string };
type Panel = {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
};
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
};

const root = join(import.meta.dirname, '../..');
const RUNBOOK = 'https://github.com/sluice-dev/sluice/blob/main/docs/metrics.md#';
/** Labels that Prometheus adds to every series of a PodMonitor. */
const TARGET_LABELS = ['namespace', 'pod', 'job'];

const template = (...values: string[]): Promise<string> =>
  run('helm', ['template', 'sluice', join(root, 'charts/sluice'), ...values.flatMap((value) => ['--set', value])]);

async function objectOf(kind: string, ...values: string[]) {
  const documents = parseAllDocuments(await template(...values)).map((document) => document.toJS());
  return documents.find((each) => each?.kind === kind);
}

const rule = await objectOf('PrometheusRule', 'metrics.prometheusRule.enabled=true');
const rules: readonly Rule[] = rule.spec.groups.flatMap((group: { rules: Rule[] }) => group.rules);
const configMap = await objectOf('ConfigMap', 'metrics.dashboard.enabled=true');
const dashboard: Dashboard = JSON.parse(configMap.data['sluice.json']);
const targets = dashboard.panels.flatMap(({ targets = [], title }) =>
  targets.map(({ expr, legendFormat }): [string, string, string] => [title, expr, legendFormat]),
);

/** Series names with their labels, as the programs register them. */
const known = new Map(
  [mediaServerMetrics(), captureMetrics(), operatorMetrics()].flatMap(({ registry }) => seriesOf(registry)),
);

function mediaServerMetrics(): Metrics {
  const metrics = new Metrics(() => true);
  metrics.observe({
    streams: () => [],
    sessions: () => [],
    keepAlive: () => ({ subjects: 0, overdueSeconds: 0 }),
    workers: async () => [],
    draining: () => false,
    receiveDrops: async () => 3,
    pipes: () => ({ incoming: 0, outgoing: 0 }),
  });
  return metrics;
}

function captureMetrics(): CaptureMetrics {
  const metrics = new CaptureMetrics();
  metrics.observe(() => []);
  return metrics;
}

function operatorMetrics(): OperatorMetrics {
  const metrics = new OperatorMetrics();
  metrics.observe({
    depths: () => ({}),
    leads: () => true,
    leaseName: 'sluice-operator',
    foreign: () => 0,
    conditions: () => ({}),
    captures: () => ({}),
  });
  return metrics;
}

function seriesOf(registry: Registry): [string, readonly string[]][] {
  return registry.getMetricsAsArray().flatMap((metric): [string, readonly string[]][] => {
    const { name, type } = metric;
    const { labelNames = [] } = metric as typeof metric & { labelNames?: readonly string[] };
    if (String(type) !== 'histogram') return [[name, labelNames]];
    return [
      [`${name}_bucket`, [...labelNames, 'le']],
      [`${name}_sum`, labelNames],
      [`${name}_count`, labelNames],
    ];
  });
}

/** Grafana replaces this variable with a duration; all others are inside quotes. */
const asPromql = (expr: string): string => expr.replaceAll('$__rate_interval', '5m');

/** Finds metrics and labels that do not exist. */
function faultsOf({ groupings, selectors }: Query): string[] {
  const used = [...selectors.map(({ labels, metric }) => ({ labels, metrics: [metric] })), ...groupings];
  return used.flatMap(({ labels, metrics }) =>
    metrics.flatMap((metric) => {
      const its = known.get(metric);
      if (!its) return [`no metric ${metric}`];
      return labels
        .filter((label) => !its.includes(label) && !TARGET_LABELS.includes(label))
        .map((label) => `${metric} has no label ${label}`);
    }),
  );
}

describe('the check of an expression', () => {
  it.each([
    ['sum(sluice_streams', 'no PromQL'],
    ['sum by (app) (increases(sluice_streams[5m]))', 'no PromQL'],
    ['sum(sluice_streams) >', 'no PromQL'],
  ])('refuses %s', (expr, words) => {
    expect(() => readPromql(expr)).toThrow(words);
  });

  it.each([
    ['sluice_stream', ['no metric sluice_stream']],
    ['sum(sluice_streams{cause="rest"})', ['sluice_streams has no label cause']],
    ['sum by (cause) (sluice_streams)', ['sluice_streams has no label cause']],
    ['sluice_draining / on (app) sluice_streams', ['sluice_draining has no label app']],
    ['sum by (le) (sluice_join_duration_seconds_sum)', ['sluice_join_duration_seconds_sum has no label le']],
  ])('finds what is wrong with %s', (expr, faults) => {
    expect(faultsOf(readPromql(expr))).toEqual(faults);
  });
});

describe('the alerts of the chart', () => {
  it.each(rules.map(({ alert, expr }) => [alert, expr]))('%s uses metrics and labels that exist', (_, expr) => {
    expect(faultsOf(readPromql(expr))).toEqual([]);
  });

  it.each(rules)('$alert names its subject with labels that it has', ({ alert, ...said }) => {
    expect(said).toEqual({
      expr: expect.any(String),
      for: expect.stringMatching(/^\d+m$/),
      labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
      annotations: {
        summary: expect.stringMatching(/\w$/),
        description: expect.stringMatching(/\.$/),
        runbook_url: `${RUNBOOK}${alert.toLowerCase()}`,
      },
    });
    const used = [...said.annotations.description.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(readPromql(said.expr).resultLabels).toEqual(expect.arrayContaining(used));
  });

  it('miss no state of a capture that nobody wants', () => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'SluiceCaptureMissing') ?? {};
    const [, expected = ''] = /reason!~"([^"]+)"/.exec(expr) ?? [];
    const isExpected = new RegExp(`^(${expected})$`);
    const all = Object.keys({ ...CAPTURING_REASONS, ...ACCEPTED_REASONS });
    expect(all.filter((reason) => isExpected.test(reason)).sort()).toEqual(
      ['Connected', 'Idle', 'Suspended', 'NoCapturePod', ...Object.values(HELD_CAUSES)].sort(),
    );
  });

  it('each have a runbook in the docs, which has no others', async () => {
    const page = await readFile(join(root, 'docs/metrics.md'), 'utf8');
    const sections = (page.split(/^## Alerts$/m)[1] ?? '').split(/^## /m)[0] ?? '';
    const runbooks = [...sections.matchAll(/^### (\w+)\n\n(.+\n)+/gm)].map(([, alert]) => alert);
    expect(runbooks).toEqual(rules.map(({ alert }) => alert));
  });

  it('allow a media server to drain for the time set in the values', async () => {
    const { spec } = await objectOf(
      'PrometheusRule',
      'metrics.prometheusRule.enabled=true',
      'metrics.prometheusRule.drainStuckFor=2h30m',
    );
    const changed = rules.map((each) => (each.alert === 'SluiceDrainStuck' ? { ...each, for: '2h30m' } : each));
    expect(spec.groups).toEqual([{ name: 'sluice', rules: changed }]);
  });
});

describe('the dashboard of the chart', () => {
  it.each(targets)('%s: %s', (_title, expr, legend) => {
    const query = readPromql(asPromql(expr));
    expect(faultsOf(query)).toEqual([]);
    const used = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect(query.resultLabels).toEqual(expect.arrayContaining(used));
  });

  it('offers the values of existing labels', () => {
    const [source, ...variables] = dashboard.templating.list;
    expect(source).toMatchObject({ name: 'datasource', query: 'prometheus' });
    for (const { query } of variables) {
      const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      expect(faultsOf(readPromql(`count by (${label}) (${selector})`)), query).toEqual([]);
    }
  });

  it('uses exactly the variables that it defines', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(names));
  });

  it('shows every metric of our programs', () => {
    const queries = [...targets.map(([, expr]) => expr), ...dashboard.templating.list.map(({ query }) => query)];
    const shown = queries.join('\n');
    const own = [...known.keys()].filter((name) => !/^(process|nodejs)_|_(sum|count)$/.test(name));
    expect(own.length).toBeGreaterThan(25);
    expect(own.filter((name) => !shown.includes(`${name}{`) && !shown.includes(`(${name}, `))).toEqual([]);
  });

  it('has panels that do not overlap', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(cells.length).toBe(new Set(cells).size);
    expect(Math.max(...panels.map(({ gridPos: { w, x } }) => x + w))).toBe(24);
  });

  it('has the label that the Grafana sidecar looks for, and labels from the values', async () => {
    expect(configMap.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const { metadata } = await objectOf(
      'ConfigMap',
      'metrics.dashboard.enabled=true',
      'metrics.dashboard.labels.team=media',
    );
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', team: 'media' });
  });
});

describe('the values for metrics', () => {
  it('create neither alerts nor a dashboard by default', async () => {
    expect(await template()).not.toMatch(/kind: (PrometheusRule|ConfigMap)/);
  });

  it.each([
    'metrics.prometheusRule.enable=true',
    'metrics.prometheusRule.labels.team=7',
    'metrics.prometheusRule.drainStuckFor=soon',
    'metrics.dashboard.label=x',
    'metrics.dashboards.enabled=true',
  ])('refuse %s', async (value) => {
    await expect(template(value)).rejects.toThrow(/metrics/);
  });
});
