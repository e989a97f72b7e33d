import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatFleetKey, parseFleetKeys, roleOf } from './fleet-key.ts';

describe('parseFleetKeys', () => {
  const [first, second] = [
    { identity: 'a', key: randomBytes(32) },
    { identity: 'b', key: randomBytes(32) },
  ];

  it('reads back formatted keys, two during a rotation', () => {
    expect(parseFleetKeys(formatFleetKey(first) + formatFleetKey(second))).toEqual([first, second]);
  });

  it.each([
    ['an empty text', ''],
    ['a key that is too short', 'a 00ff'],
    ['a key that is not hexadecimal', `a ${'z'.repeat(64)}`],
    ['a key without an identity', '00'.repeat(32)],
  ])('finds no key in %s', (_what, text) => expect(parseFleetKeys(text)).toEqual([]));
});

it.each([
  ['fleet-01ab23cd', 'fleet'],
  ['capture-01ab23cd', 'capture'],
  ['recapture-1', 'fleet'],
])('the key %s has the role %s', (identity, role) => {
  expect(roleOf({ identity })).toBe(role);
});
