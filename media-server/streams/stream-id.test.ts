import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isServerMade, serverMadeId } from './stream-id.ts';

describe('an id of a stream', () => {
  it('has a form of its own if a server has made it', () => {
    for (let count = 0; count < 100; count++) expect(isServerMade(serverMadeId(randomUUID()))).toBe(true);
    expect(serverMadeId('0190b8a4-1111-4222-9333-444455556666')).toBe('0190b8a4-1111-8222-9333-444455556666');
  });

  it.each([
    ['version 1, as the SDK makes it', '5b6c5f60-cd4e-11f0-8de9-0242ac120002'],
    ['version 4', randomUUID()],
    ['no UUID', 'p'],
    ['more than a UUID', '0190b8a4-1111-8222-9333-444455556666\n'],
  ])('was not made by a server if it is %s', (_what, id) => {
    expect(isServerMade(id)).toBe(false);
  });
});
