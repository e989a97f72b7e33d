import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatFleetKey, parseFleetKeys } from './fleet-key.ts';

describe('parseFleetKeys', () => {
  const [first, second] = [
    { identity: 'a', key: randomBytes(32) },
    { identity: 'b', key: randomBytes(32) },
  ];

  it('reads what was written, two during rotation', () => {
    expect(parseFleetKeys(formatFleetKey(first) + formatFleetKey(second))).toEqual([first, second]);
  });

  it.each([
    ['nothing', ''],
    ['a key that is too short', 'a 00ff'],
    ['no hexadecimal', `a ${'z'.repeat(64)}`],
    ['no identity', '00'.repeat(32)],
  ])('takes %s for no key', (_what, text) => expect(parseFleetKeys(text)).toEqual([]));
});
