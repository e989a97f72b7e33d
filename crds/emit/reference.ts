import { API_VERSION, type Kind } from '../schema/kinds.ts';
import { toStructural } from './structural.ts';

type Row = { readonly field: string; readonly type: string; readonly fallback: string; readonly description: string };
type Node = Readonly<Record<string, unknown>>;

/** The field reference of all kinds, in Markdown. */
export function buildReference(kinds: readonly Kind<never>[]): string {
  return [
    '# Custom resources',
    '',
    `Group and version \`${API_VERSION}\`, all namespaced. Made from the schemas in \`crds/schema\` by \`make generate\`.`,
    '',
    ...kinds.flatMap(sectionOf),
  ].join('\n');
}

function sectionOf(kind: Kind<never>): string[] {
  const rules = kind.rules.map(({ field, message }) => `- \`${field === '' ? 'spec' : `spec.${field}`}\`: ${message}`);
  return [
    `## ${kind.kind} (\`${kind.shortNames.join('`, `')}\`)`,
    '',
    kind.description,
    '',
    ...tableOf(rowsOf(toStructural(kind.spec, 'spec'), 'spec')),
    ...(rules.length > 0 ? ['Rules:', '', ...rules, ''] : []),
    ...tableOf(rowsOf(toStructural(kind.status, 'status'), 'status')),
  ];
}

function tableOf(rows: readonly Row[]): string[] {
  const cells = rows.map(
    ({ description, fallback, field, type }) =>
      `| \`${field}\` | ${type} | ${fallback} | ${escapePipes(description)} |`,
  );
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...cells, ''];
}

function rowsOf(node: Node, path: string): Row[] {
  const required = new Set([node['required'] ?? []].flat());
  return Object.entries(childrenOf(node['properties'])).flatMap(([name, child]) => {
    const schema = childrenOf(child);
    const field = `${path}.${name}`;
    const row = {
      field,
      type: typeOf(schema),
      fallback: fallbackOf(schema, required.has(name)),
      description: String(schema['description'] ?? ''),
    };
    const items = childrenOf(schema['items']);
    const below = items['properties'] === undefined ? rowsOf(schema, field) : rowsOf(items, `${field}[]`);
    return [row, ...below];
  });
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
