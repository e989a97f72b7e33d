import { describe, expect, it } from 'vitest';
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
});
