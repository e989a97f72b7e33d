import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GROUP, KINDS } from '../schema/kinds.ts';
import { toStructural } from './structural.ts';

type Node = { readonly [key: string]: unknown };

describe('toStructural', () => {
  it('gives enums a type and records additionalProperties, and drops implied keywords', () => {
    const schema = Type.Object(
      {
        mode: Type.Enum(['a', 'b'], { description: 'Mode' }),
        labels: Type.Record(Type.String(), Type.String(), { description: 'Labels' }),
      },
      { additionalProperties: false },
    );
    expect(toStructural(schema, 'spec')).toEqual({
      type: 'object',
      required: ['mode', 'labels'],
      properties: {
        mode: { type: 'string', enum: ['a', 'b'], description: 'Mode' },
        labels: { type: 'object', description: 'Labels', additionalProperties: { type: 'string' } },
      },
    });
  });

  it('does not require a field that has a default', () => {
    const schema = Type.Object({
      given: Type.String({ default: 'x' }),
      missing: Type.String(),
      open: Type.Object({ on: Type.Boolean({ default: false }) }, { default: {} }),
    });
    expect(toStructural(schema, 'spec')).toMatchObject({ required: ['missing'] });
    expect(toStructural(schema, 'spec')['properties']).toMatchObject({ open: { type: 'object', default: {} } });
    expect(JSON.stringify(toStructural(schema, 'spec'))).not.toContain('"required":["on"]');
  });

  it.each([
    ['a union', Type.Object({ a: Type.Union([Type.String(), Type.Number()]) }), 'spec.a: the keyword anyOf'],
    ['a literal', Type.Object({ a: Type.Literal('x') }), 'spec.a: the keyword const'],
    [
      'an exclusive bound',
      Type.Object({ a: Type.Number({ exclusiveMinimum: 1 }) }),
      'spec.a: the keyword exclusiveMinimum',
    ],
    ['any value', Type.Object({ a: Type.Array(Type.Unknown()) }), 'spec.a[]: a structural schema needs a type'],
  ])('throws with the path on %s', (_what, schema, message) => {
    expect(() => toStructural(schema, 'spec')).toThrow(message);
  });
});

describe.each(KINDS)('the CRD of $kind', ({ kind, plural, rules, shortNames }) => {
  const crd = parse(readFileSync(new URL(`../${GROUP}_${plural}.yaml`, import.meta.url), 'utf8'));
  const [version] = crd.spec.versions;
  const root: Node = version.schema.openAPIV3Schema;

  it('names the kind and serves one version', () => {
    expect(crd.spec.names).toMatchObject({ kind, plural, shortNames, categories: ['sluice'] });
    expect(crd.spec.versions).toHaveLength(1);
  });

  it('carries every CEL rule', () => {
    expect(version.schema.openAPIV3Schema.properties.spec['x-kubernetes-validations'] ?? []).toHaveLength(rules.length);
  });

  it('describes every field of spec', () => {
    expect(undescribed(root, kind)).toEqual([]);
  });

  it('bounds every list and every string that CEL reads', () => {
    expect(unboundedLists(root, kind)).toEqual([]);
  });
});

function walk(node: Node, path: string, visit: (node: Node, path: string) => void): void {
  visit(node, path);
  for (const [name, child] of Object.entries((node['properties'] ?? {}) as Node))
    walk(child as Node, `${path}.${name}`, visit);
  if (node['items']) walk(node['items'] as Node, `${path}[]`, visit);
}

function undescribed(root: Node, kind: string): string[] {
  const missing: string[] = [];
  const own = ['apiVersion', 'kind', 'metadata'].map((name) => `${kind}.${name}`);
  walk(root, kind, (node, path) => {
    if (!path.endsWith('[]') && !own.includes(path) && !node['description']) missing.push(path);
  });
  return missing;
}

function unboundedLists(root: Node, kind: string): string[] {
  const missing: string[] = [];
  walk(root, kind, (node, path) => {
    if (node['type'] === 'array' && node['maxItems'] === undefined) missing.push(path);
  });
  return missing;
}
