import type { TSchema } from 'typebox';

/** A structural schema, as the API server requires it. */
export type Structural = { readonly [key: string]: unknown };

type Node = Readonly<Record<string, unknown>>;

/** Keywords with the same meaning in both schemas. */
const KEPT: ReadonlySet<string> = new Set([
  'type',
  'description',
  'default',
  'enum',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

/** Our own keywords, and keywords that the API server rejects because they always apply. */
const DROPPED: ReadonlySet<string> = new Set(['additionalProperties', 'x-sluice-reload']);

/**
 * Converts a TypeBox schema to a structural schema. Throws with the path on anything unknown, so that nothing is lost
 * silently.
 */
export function toStructural(schema: TSchema, path: string): Structural {
  return convert({ ...schema }, path);
}

function convert(node: Node, path: string): Structural {
  if (node['patternProperties'] !== undefined) return convertRecord(node, path);
  if (node['x-kubernetes-int-or-string'] === true) return { ...node };
  const { required, ...keywords } = node;
  const entries = Object.entries(keywords).flatMap(([keyword, value]) => convertKeyword(keyword, value, path));
  return withType({ ...Object.fromEntries(entries), ...requiredOf(required, node['properties'], path) }, path);
}

/** Drops fields with a default, which are never missing. Otherwise the API server rejects a parent's `default: {}`. */
function requiredOf(required: unknown, properties: unknown, path: string): Structural {
  if (!Array.isArray(required)) return {};
  const names = required.filter(
    (name) => asNode(asNode(properties, path)[name], `${path}.${name}`)['default'] === undefined,
  );
  return names.length > 0 ? { required: names } : {};
}

function convertKeyword(keyword: string, value: unknown, path: string): [string, unknown][] {
  if (DROPPED.has(keyword)) return [];
  if (KEPT.has(keyword)) return [[keyword, value]];
  if (keyword === 'properties') return [[keyword, convertProperties(value, path)]];
  if (keyword === 'items') return [[keyword, convert(asNode(value, `${path}[]`), `${path}[]`)]];
  throw new Error(`${path}: the keyword ${keyword} has no structural form`);
}

/** Adds the type of an enum, which TypeBox omits. */
function withType(schema: Structural, path: string): Structural {
  if (schema['type'] !== undefined) return schema;
  if (schema['enum'] !== undefined) return { type: typeOfEnum(schema['enum'], path), ...schema };
  throw new Error(`${path}: a structural schema needs a type`);
}

function convertProperties(value: unknown, path: string): Structural {
  return Object.fromEntries(
    Object.entries(asNode(value, path)).map(([name, child]) => [
      name,
      convert(asNode(child, `${path}.${name}`), `${path}.${name}`),
    ]),
  );
}

/** Converts `Type.Record(Type.String(), …)`. */
function convertRecord(node: Node, path: string): Structural {
  const patterns = Object.values(asNode(node['patternProperties'], path));
  const [values] = patterns;
  if (patterns.length !== 1) throw new Error(`${path}: a record needs exactly one pattern`);
  return {
    type: 'object',
    ...(node['description'] === undefined ? {} : { description: node['description'] }),
    additionalProperties: convert(asNode(values, `${path}.*`), `${path}.*`),
  };
}

function typeOfEnum(values: unknown, path: string): string {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return 'string';
  throw new Error(`${path}: only enums of strings have a structural form`);
}

function asNode(value: unknown, path: string): Node {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${path}: expected a schema`);
}
