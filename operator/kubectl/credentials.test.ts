import { describe, expect, it } from 'vitest';
import { aServer } from '../../test/builders/plugin-objects.ts';
import { authorizationOf, secretOf } from './credentials.ts';

const secret = (data: Record<string, string>, type = 'Opaque') => ({
  type,
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});
const BASIC = 'kubernetes.io/basic-auth';

describe('authorizationOf', () => {
  it('is Basic for a basic-auth Secret, without the newline that editors add', () => {
    const header = authorizationOf(secret({ username: 'ops\n', password: 'sesame\n' }, BASIC), 'api');
    expect(header).toBe(`Basic ${Buffer.from('ops:sesame').toString('base64')}`);
  });

  it('is the first token of any other Secret', () => {
    expect(authorizationOf(secret({ empty: '', ci: 't0ken\n', ops: 'other' }), 'api')).toBe('Bearer t0ken');
  });

  it('fails for a Secret without credentials', () => {
    expect(() => authorizationOf(secret({ username: 'ops' }, BASIC), 'api')).toThrow('needs "username" and "password"');
    expect(() => authorizationOf({}, 'api')).toThrow('Secret "api" has no token');
  });
});

describe('secretOf', () => {
  it('is null for an API that is open', () => {
    expect([secretOf(aServer()), secretOf(aServer({}, { rest: { authRef: { name: 'api' } } }))]).toEqual([null, 'api']);
  });
});
