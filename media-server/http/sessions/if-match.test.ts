import { expect, it } from 'vitest';
import { matchesETag } from './if-match.ts';

it.each([
  ['*', true],
  [' * ', true],
  ['"ufrag"', true],
  ['W/"ufrag"', true],
  ['"old", "ufrag"', true],
  ['"old","other" ,\tW/"ufrag"', true],
  ['"old", *', true],
  ['', false],
  [',', false],
  ['"old"', false],
  ['"old", W/"other"', false],
  ['ufrag', false],
  ['"UFRAG"', false],
  ['"ufrag" "old"', false],
])('If-Match: %s', (ifMatch, expected) => {
  expect(matchesETag(ifMatch, '"ufrag"')).toBe(expected);
});
