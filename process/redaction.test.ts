import { describe, expect, it } from 'vitest';
import { logLines } from '../test/builders/log-lines.ts';

const SECRET = 's3cret';
const ENCODED = Buffer.from(SECRET).toString('base64');

describe('createLogger', () => {
  it.each<[string, object]>([
    ['a Secret', { secret: { kind: 'Secret', metadata: { name: 'api' }, data: { token: ENCODED } } }],
    ['the content of a Secret', { data: { token: ENCODED } }],
    ['the assets of a push', { push: { counter: 1, assets: { 'secret.api_token': ENCODED } } }],
    ['assets', { assets: { 'secret.api_token': ENCODED } }],
    ["a fleet's key", { fleet: { identity: 'fleet-1', key: Buffer.from(SECRET) } }],
    ['a key', { key: SECRET }],
    ['the source of a capture', { source: { kind: 'rtsp', user: 'admin', password: SECRET } }],
    ['a passphrase', { passphrase: SECRET }],
    ['the headers of a request', { headers: { authorization: `Bearer ${SECRET}` } }],
    ['an authorization', { authorization: `Bearer ${SECRET}` }],
  ])('redacts %s, even in a child', (_what, fields) => {
    const { log, text } = logLines();
    log.info(fields, 'a constant sentence');
    log.child({ component: 'reconcile' }).warn(fields, 'a constant sentence');
    expect(text).toHaveLength(2);
    for (const line of text) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(SECRET);
      expect(line).not.toContain(ENCODED);
    }
  });

  it('does not redact the name of an object', () => {
    const { lines, log } = logLines();
    log.info({ object: 'media/live' }, 'a constant sentence');
    expect(lines()).toMatchObject([{ object: 'media/live' }]);
  });
});
