import { isMap, isScalar, type Node, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';
import type { Kind } from '../schema/kinds.ts';
import { buildCrd } from './crd.ts';

/** Builds the CRD template of the chart. `helm upgrade` upgrades the CRDs; `helm uninstall` keeps them. */
export function buildChartCrds(kinds: readonly Kind<never>[]): string {
  const documents = kinds.map((kind) => {
    const crd = buildCrd(kind) as { metadata: object };
    const metadata = { ...crd.metadata, annotations: { 'helm.sh/resource-policy': 'keep' } };
    return stringify({ ...crd, metadata }, { lineWidth: 0, aliasDuplicateObjects: false });
  });
  const text = documents.join('---\n');
  if (text.includes('{{')) throw new Error('a CRD must not hold what Helm takes for a template');
  return `{{- /* Made from crds/schema by \`make generate\`. Do not edit. */ -}}
{{- if .Values.crds.install }}
${text}{{- end }}
`;
}

type Row = { readonly name: string; readonly fallback: string; readonly description: string };

/** Builds the chart's README from the comments in values.yaml that start with `--`. Throws if a value has none. */
export function buildChartReadme(values: string): string {
  const rows = rowsOf(parseDocument(values).contents as YAMLMap, '');
  const table = rows.map(({ description, fallback, name }) => `| \`${name}\` | \`${fallback}\` | ${description} |`);
  return `${INTRODUCTION}
## Configuration

| Value | Default | Description |
|---|---|---|
${table.join('\n')}
`;
}

const INTRODUCTION = `<!-- Made from values.yaml by \`make generate\`. Do not edit. -->
# Sluice Helm chart

This chart installs the Sluice operator, its custom resource definitions and the permissions that it needs.

## Prerequisites

- Kubernetes 1.31 or newer
- Helm 3.14 or newer (tested with Helm 4)

## Installation

\`\`\`sh
helm install sluice charts/sluice --namespace sluice-system --create-namespace
helm test sluice --namespace sluice-system
\`\`\`

\`helm upgrade\` also upgrades the custom resource definitions. Unknown values are rejected.

To make Sluice an optional dependency of another chart, use \`condition: sluice.enabled\`.

## Uninstallation

\`helm uninstall\` keeps the custom resource definitions, your resources and their pods. Streams continue, because they
do not depend on the operator. To remove everything, delete the MediaServers while the operator still runs, so that it
can drain their pods.
`;

function rowsOf(map: YAMLMap, prefix: string, inherited: string | null = null): Row[] {
  return map.items.flatMap((pair, index) => {
    // The comment above the first entry of a map belongs to the map.
    const comment = index === 0 ? (inherited ?? commentOf(pair)) : commentOf(pair);
    const name = `${prefix}${String((pair.key as { value: unknown }).value)}`;
    const value = pair.value as Node;
    if (comment === null && isMap(value)) return rowsOf(value, `${name}.`, value.commentBefore ?? null);
    return [{ name, fallback: textOf(value), description: describe(comment, name) }];
  });
}

const commentOf = (pair: Pair): string | null => {
  const { commentBefore } = pair.key as { commentBefore?: string | null };
  return commentBefore?.includes('--') ? commentBefore : null;
};

function describe(comment: string | null, name: string): string {
  const match = /(?:^|\n)\s*-- ([\s\S]+)$/.exec(comment ?? '');
  if (!match) throw new Error(`values.yaml: ${name} has no comment that begins with --`);
  return (match[1] ?? '').replace(/\s*\n\s*/g, ' ').trim();
}

function textOf(value: Node): string {
  return isScalar(value) ? JSON.stringify(value.value) : JSON.stringify(value.toJSON());
}
