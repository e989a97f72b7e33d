import type { Static, TSchema } from 'typebox';
import { Default, Errors } from 'typebox/value';
import { API_VERSION, type Kind, type NameRule } from '../schema/kinds.ts';
import { type CelRule, OBJECT_NAME } from '../schema/kit.ts';

/** A fault of a resource: the field, and what it must be. */
export type Finding = { readonly field: string; readonly reason: string };

export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  /** RFC 3339; absent in files. */
  readonly creationTimestamp?: string;
};

export type Resource<S> = { readonly metadata: ObjectMeta; readonly spec: S };

export type Validated<S> =
  | { readonly ok: true; readonly resource: Resource<S> }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** The API server's rule for every object. */
const ANY_NAME: NameRule = {
  pattern: OBJECT_NAME,
  message: 'must be a name in lower case such as live',
};

type Document = Readonly<Record<string, unknown>>;

/** Validates a resource like the API server and fills in the defaults. Unknown fields are findings. */
export function validateResource<S>(kind: Kind<S>, document: Document): Validated<S> {
  const findings = [...checkEnvelope(document, kind.naming ?? ANY_NAME)];
  const spec = Default(kind.spec, structuredClone(document['spec'] ?? {}));
  findings.push(...schemaFindings(kind.spec, spec, 'spec'), ...repeatedEntries(kind.spec, spec, 'spec'));
  if (findings.length > 0) return { ok: false, findings };
  const checked = spec as Static<typeof kind.spec> as S;
  const broken = brokenRules(kind, checked);
  if (broken.length > 0) return { ok: false, findings: broken };
  return { ok: true, resource: { metadata: document['metadata'] as ObjectMeta, spec: checked } };
}

/** Returns the rules across fields that a spec breaks. */
export function brokenRules<S>(kind: Kind<S>, spec: S): Finding[] {
  return kind.rules
    .filter((rule) => isBroken(rule, spec))
    .map(({ field, message }) => ({ field: field === '' ? 'spec' : `spec.${field}`, reason: message }));
}

function isBroken<S>({ holds }: CelRule<S>, spec: S): boolean {
  return holds !== undefined && !holds(spec);
}

function* checkEnvelope(document: Document, rule: NameRule): Generator<Finding> {
  if (document['apiVersion'] !== API_VERSION) {
    yield { field: 'apiVersion', reason: `must be ${API_VERSION}, got ${shown(document['apiVersion'])}` };
  }
  const metadata = document['metadata'];
  const name = isObject(metadata) ? metadata['name'] : undefined;
  if (typeof name !== 'string' || !new RegExp(rule.pattern).test(name)) {
    yield { field: 'metadata.name', reason: `${rule.message}, got ${shown(name)}` };
  }
  for (const field of Object.keys(document)) {
    if (!['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(field)) {
      yield { field, reason: 'unknown field' };
    }
  }
}

/** Returns the faults of a value, with field paths such as `spec.methods[0].name`. */
export function schemaFindings(schema: TSchema, value: unknown, root: string): Finding[] {
  return Errors(schema, value)
    .filter(({ keyword }) => keyword !== 'boolean') // reported in addition to each unknown field
    .map((error) => describe(error, value, root));
}

type ListNode = {
  readonly properties?: Readonly<Record<string, ListNode>>;
  readonly items?: ListNode;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
};

/** Finds duplicate entries of sets, and of maps by their keys, which the API server would reject. */
function* repeatedEntries(node: ListNode, value: unknown, field: string): Generator<Finding> {
  if (Array.isArray(value)) {
    if (node['x-kubernetes-list-type'] !== undefined) yield* repeated(value, node, field);
    for (const [index, entry] of value.entries()) yield* repeatedEntries(node.items ?? {}, entry, `${field}[${index}]`);
  }
  if (!isObject(value)) return;
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* repeatedEntries(child, value[name], `${field}.${name}`);
  }
}

function* repeated(entries: readonly unknown[], node: ListNode, field: string): Generator<Finding> {
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const identity = keys.length > 0 && isObject(entry) ? keys.map((key) => entry[key]) : [entry];
    const text = identity.map(shown).join(', ');
    if (seen.has(text)) yield { field: `${field}[${index}]`, reason: `${text} is listed already` };
    seen.add(text);
  }
}

type SchemaError = ReturnType<typeof Errors>[number];

function describe(error: SchemaError, value: unknown, root: string): Finding {
  const field = root + fieldPathOf(error.instancePath);
  const found = at(value, error.instancePath);
  const params: Readonly<Record<string, unknown>> = error.params;
  if (error.keyword === 'additionalProperties') {
    const unknown = [params['additionalProperties']].flat().map(String);
    return { field: `${field}.${unknown.join(', ')}`, reason: 'unknown field' };
  }
  if (error.keyword === 'required') {
    return { field: `${field}.${[params['requiredProperties']].flat().join(', ')}`, reason: 'is missing' };
  }
  if (error.keyword === 'enum') {
    return { field, reason: `must be one of ${[params['allowedValues']].flat().join(', ')}, got ${shown(found)}` };
  }
  // The message of a rule on an object is complete; that of a rule on a text says what the value must be.
  if (error.keyword === '~refine' && isObject(found)) return { field, reason: error.message };
  return { field, reason: `${error.message}, got ${withoutUserInfo(shown(found))}` };
}

/** A URL may hold a password, and a finding goes into logs and conditions. */
const withoutUserInfo = (text: string): string => text.replace(/(\/\/)[^/?#"]*@/g, '$1***@');

/** Converts `/methods/0/name` to `.methods[0].name`. */
export function fieldPathOf(instancePath: string): string {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
}

function at(value: unknown, instancePath: string): unknown {
  return instancePath
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (current, part) => (isObject(current) || Array.isArray(current) ? Reflect.get(current, part) : undefined),
      value,
    );
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
