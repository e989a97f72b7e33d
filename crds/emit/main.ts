// Writes the CRDs, their reference and the generated parts of the chart. With --check it writes nothing and lists the
// files that are not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { GROUP, KINDS, type Kind } from '../schema/kinds.ts';
import { buildChartCrds, buildChartReadme } from './chart.ts';
import { buildCrd } from './crd.ts';
import { buildReference } from './reference.ts';

const root = join(import.meta.dirname, '../..');
const kinds = KINDS as readonly Kind<never>[];
const header = '# Made from crds/schema by `make generate`. Do not edit.\n';

const files = new Map<string, string>([
  ...kinds.map((kind): [string, string] => [
    `crds/${GROUP}_${kind.plural}.yaml`,
    header + stringify(buildCrd(kind), { lineWidth: 0, aliasDuplicateObjects: false }),
  ]),
  ['crds/REFERENCE.md', buildReference(kinds)],
  ['charts/sluice/templates/crds.yaml', buildChartCrds(KINDS as readonly Kind<never>[])],
  ['charts/sluice/README.md', buildChartReadme(read('charts/sluice/values.yaml'))],
]);

if (process.argv.includes('--check')) {
  const stale = [...files].filter(([name, content]) => read(name) !== content).map(([name]) => name);
  if (stale.length > 0) console.error(`not current, run make generate: ${stale.join(', ')}`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [name, content] of files) writeFileSync(join(root, name), content);
}

function read(name: string): string {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch {
    return '';
  }
}
