import { describe, expect, it } from 'vitest';
import { ACCEPTED_MANIFESTS, type KindName, REFUSED_MANIFESTS } from '../../test/fixtures/manifests.ts';
import { API_VERSION, KINDS, type Kind } from '../schema/kinds.ts';
import { validateResource } from './resource.ts';

function findingsOf(name: KindName, spec: object): readonly { readonly field: string }[] {
  const kind = KINDS.find((each) => each.kind === name) as Kind<never>;
  const checked = validateResource(kind, { apiVersion: API_VERSION, kind: name, metadata: { name: 'x' }, spec });
  return checked.ok ? [] : checked.findings;
}

describe('the file loader', () => {
  it.each(ACCEPTED_MANIFESTS)('accepts a %s with %s', (kind, _what, spec) => {
    expect(findingsOf(kind, spec)).toEqual([]);
  });

  it.each(REFUSED_MANIFESTS)('refuses a %s with %s', (kind, _what, spec, field) => {
    const fields = findingsOf(kind, spec).map((finding) => finding.field);
    expect(new Set(fields)).toEqual(new Set([field]));
  });
});
