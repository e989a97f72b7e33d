import type { Kind } from '../schema/kinds.ts';
import { toStructural } from './structural.ts';

type Node = Readonly<Record<string, unknown>>;

/** The message of a rule, and the field that it applies to. */
export type FieldRule = { readonly field: string; readonly message: string };

/** Returns all rules of a kind: those across fields, then those on single values. */
export function rulesOf(kind: Kind<never>): FieldRule[] {
  const across = kind.rules.map(({ field, message }) => ({ field: field === '' ? 'spec' : `spec.${field}`, message }));
  return [...across, ...valueRules(toStructural(kind.spec, 'spec'), 'spec')];
}

function valueRules(node: Node, field: string): FieldRule[] {
  const validations = (node['x-kubernetes-validations'] ?? []) as readonly { readonly message: string }[];
  const own = validations.map(({ message }) => ({ field, message }));
  const properties = Object.entries((node['properties'] ?? {}) as Readonly<Record<string, Node>>);
  const below = properties.flatMap(([name, child]) => valueRules(child, `${field}.${name}`));
  const items = node['items'] === undefined ? [] : valueRules(node['items'] as Node, `${field}[]`);
  return [...own, ...below, ...items];
}
