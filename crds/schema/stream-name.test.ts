import { describe, expect, it } from 'vitest';
import { ACCEPTED_MANIFESTS, REFUSED_MANIFESTS } from '../../test/fixtures/manifests.ts';
import { faultOfName } from './stream-name.ts';

describe('faultOfName', () => {
  it.each(['a', 'a b/ä?', 'x'.repeat(256)])('takes %j', (name) => {
    expect(faultOfName(name)).toBeNull();
  });

  it.each([
    ['', 'must be a text that is not empty'],
    [undefined, 'must be a text that is not empty'],
    [7, 'must be a text that is not empty'],
    ['x'.repeat(257), 'must be at most 256 characters'],
    ['a\u0085', 'must not contain control characters'],
  ])('refuses %j', (name, fault) => {
    expect(faultOfName(name)).toBe(fault);
  });

  it('is the rule for the names of captured streams too', () => {
    const namesOf = (manifests: readonly (readonly [string, string, Readonly<Record<string, unknown>>, string?])[]) =>
      manifests.flatMap(([kind, , { name }, field]) =>
        kind === 'StreamCapture' && (field ?? 'spec.name') === 'spec.name' ? [name] : [],
      );
    const [accepted, refused] = [namesOf(ACCEPTED_MANIFESTS), namesOf(REFUSED_MANIFESTS)];
    expect([accepted.length > 5, refused.length > 3]).toEqual([true, true]);
    expect(accepted.filter((name) => faultOfName(name) !== null)).toEqual([]);
    expect(refused.filter((name) => faultOfName(name) === null)).toEqual([]);
  });
});
