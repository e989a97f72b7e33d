import { API_VERSION, type Kind } from '../schema/kinds.ts';
import { rulesOf } from './rules.ts';
import { toStructural } from './structural.ts';

type Row = {
  readonly field: string;
  readonly type: string;
  readonly default: string;
  /** When a change takes effect; empty = it does not affect running pods. */
  readonly change: string;
  readonly meaning: string;
};
type Node = Readonly<Record<string, unknown>>;

/** Builds the field reference of all kinds, in Markdown. */
export function buildReference(kinds: readonly Kind<never>[]): string {
  return [
    '# Custom resources',
    '',
    `All kinds are namespaced and belong to \`${API_VERSION}\`. ` +
      'This page is generated from `crds/schema` by `make generate`.',
    '',
    'The column _change_ says when a change takes effect:',
    '',
    '- `live`: at once, also for live streams',
    '- `newSessions`: at once, for streams that start after the change',
    '- `restart`: with new pods, while the old ones drain',
    '',
    'Fields without a mark do not affect running pods.',
    '',
    ...kinds.flatMap(sectionOf),
  ].join('\n');
}

function sectionOf(kind: Kind<never>): string[] {
  const rules = rulesOf(kind).map(({ field, message }) => `- \`${field}\`: ${message}`);
  return [
    `## ${kind.kind} (\`${kind.shortNames.join('`, `')}\`)`,
    '',
    kind.description,
    '',
    ...tableOf(rowsOf({ ...kind.spec }, toStructural(kind.spec, 'spec'), 'spec')),
    ...(rules.length > 0 ? ['Rules:', '', ...rules, ''] : []),
    ...tableOf(rowsOf({ ...kind.status }, toStructural(kind.status, 'status'), 'status')),
  ];
}

function tableOf(rows: readonly Row[]): string[] {
  const columns = (['field', 'type', 'default', 'change', 'meaning'] as const).filter((column) =>
    rows.some((row) => column !== 'change' || row.change !== ''),
  );
  const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const cells = rows.map((row) => lineOf(columns.map((column) => row[column])));
  return [lineOf(columns), `|${'---|'.repeat(columns.length)}`, ...cells, ''];
}

/** `source` is the schema of `node` and has the reload marks. The mark of an object applies to all its fields. */
function rowsOf(source: Node, node: Node, path: string): Row[] {
  const required = new Set([node['required'] ?? []].flat());
  return Object.entries(childrenOf(node['properties'])).flatMap(([name, child]) => {
    const schema = childrenOf(child);
    const field = `${path}.${name}`;
    const from = { ...markOf(source), ...childrenOf(childrenOf(source['properties'])[name]) };
    const row = {
      field: `\`${field}\``,
      type: typeOf(schema),
      default: fallbackOf(schema, required.has(name)),
      change: String(from[RELOAD_MARK] ?? ''),
      meaning: escapePipes(String(schema['description'] ?? '')),
    };
    const items = childrenOf(schema['items']);
    const itemsFrom = { ...markOf(from), ...childrenOf(from['items']) };
    const below =
      items['properties'] === undefined ? rowsOf(from, schema, field) : rowsOf(itemsFrom, items, `${field}[]`);
    return [row, ...below];
  });
}

const RELOAD_MARK = 'x-sluice-reload';

function markOf({ [RELOAD_MARK]: mark }: Node): Node {
  return mark === undefined ? {} : { [RELOAD_MARK]: mark };
}

function fallbackOf(schema: Node, required: boolean): string {
  if (schema['default'] !== undefined) return code(schema['default']);
  return required ? 'required' : '';
}

function typeOf(schema: Node): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${value}\``).join(', ');
  if (schema['type'] !== 'array') return String(schema['type']);
  return `list of ${typeOf(childrenOf(schema['items']))}`;
}

function childrenOf(value: unknown): Node {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}
