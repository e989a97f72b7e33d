import { describe, expect, it } from 'vitest';
import { logLines } from '../test/builders/log-lines.ts';
import { ApiError } from './kube/api-error.ts';

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
    ['the headers of a request', { headers: { authorization: `Bearer ${SECRET}` } }],
    ['an authorization', { authorization: `Bearer ${SECRET}` }],
  ])('never writes what is in %s, also in a child', (_what, fields) => {
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

  it('writes what a refused call of the API server was about, and nothing that was sent with it', () => {
    const { lines, log } = logLines();
    const error = new ApiError('PATCH /api/v1/namespaces/media/secrets/live-assets: 403 no', { status: 403 });
    log.error({ err: error }, 'reconcile failed, it is tried again');
    expect(lines()).toMatchObject([
      { err: { type: 'ApiError', message: 'PATCH /api/v1/namespaces/media/secrets/live-assets: 403 no', status: 403 } },
    ]);
  });

  it('names objects by their key in words that are not redacted', () => {
    const { lines, log } = logLines();
    log.info({ object: 'media/live' }, 'a constant sentence');
    expect(lines()).toMatchObject([{ object: 'media/live' }]);
  });

  it('keeps to its level, and names it', () => {
    const { lines, log } = logLines('warn');
    log.info('not written');
    log.warn('written');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines()).toEqual([{ level: 'warn', time, msg: 'written' }]);
  });
});
