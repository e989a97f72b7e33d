import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { HookAuth } from '../../crds/schema/server-config.ts';
import { createSigner } from './signature.ts';

const OLD = 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0';
const NEW = 'whsec_bmV3c2VjcmV0bmV3c2VjcmV0';
const assets = new Map(
  Object.entries({
    u: 'user',
    p: 'pass\n',
    t: 't0ken',
    k: 'key',
    old: OLD,
    new: NEW,
    empty: '\n',
    bad: 'no base64!',
  }).map(([name, value]): [string, Buffer] => [name, Buffer.from(value)]),
);
const sign = (auth: HookAuth, sentAt = new Date()) =>
  createSigner(auth, assets)({ eventId: 'event-1', sentAt, body: '{"name":"a"}' });

describe('the headers that authenticate a call', () => {
  it.each<[HookAuth, Record<string, string>]>([
    [{ type: 'none' }, {}],
    [
      { type: 'basic', username: 'u', password: 'p' },
      { authorization: `Basic ${Buffer.from('user:pass').toString('base64')}` },
    ],
    [{ type: 'bearer', token: 't' }, { authorization: 'Bearer t0ken' }],
    [
      { type: 'wcsHmacMd5', key: 'k' },
      { authorization: `WCS ${createHmac('md5', 'key').update('{"name":"a"}').digest('hex')}` },
    ],
  ])('for %j', (auth, headers) => {
    expect(sign(auth)).toEqual(headers);
  });

  it('of Standard Webhooks pass its verifier, with each secret of a rotation', () => {
    const headers = sign({ type: 'standardWebhooks', secrets: ['old', 'new'] });
    expect(headers['webhook-id']).toBe('event-1');
    for (const secret of [OLD, NEW]) {
      expect(new Webhook(secret).verify('{"name":"a"}', headers)).toEqual({ name: 'a' });
    }
  });

  it.each<[HookAuth, string]>([
    [{ type: 'bearer', token: 'nosuch' }, 'secret nosuch is missing'],
    [{ type: 'bearer', token: 'empty' }, 'secret empty is empty'],
    [{ type: 'basic', username: 'u', password: 'nosuch' }, 'secret nosuch is missing'],
    [{ type: 'standardWebhooks', secrets: ['old', 'bad'] }, 'secret bad: must be base64'],
  ])('cannot be created for %j', (auth, message) => {
    expect(() => createSigner(auth, assets)).toThrow(message);
  });
});
