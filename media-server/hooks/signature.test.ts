import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admit, HookStage } from '../../test/builders/hook-stage.ts';

let stage: HookStage;

beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('authentication', () => {
  const assets = new Map(
    Object.entries({ u: 'user', p: 'pass\n', t: 't0ken', k: 'key', s: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0' }).map(
      ([name, value]): [string, Buffer] => [name, Buffer.from(value)],
    ),
  );

  it('sends Basic, Bearer and the HMAC of WCS', async () => {
    await admit(stage.session(stage.hookOf({ auth: { type: 'basic', username: 'u', password: 'p' } }, assets)));
    await admit(stage.session(stage.hookOf({ auth: { type: 'bearer', token: 't' } }, assets)));
    await admit(stage.session(stage.hookOf({ auth: { type: 'wcsHmacMd5', key: 'k' } }, assets)));
    const hmac = createHmac('md5', 'key').update('{"name":"a","sdp":"v=0"}').digest('hex');
    expect(stage.backend.calls.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('user:pass').toString('base64')}`,
      'Bearer t0ken',
      `WCS ${hmac}`,
    ]);
  });

  it('signs by the Standard Webhooks scheme, so that its verifier accepts it', async () => {
    await admit(stage.session(stage.hookOf({ auth: { type: 'standardWebhooks', secrets: ['s'] } }, assets)));
    const [call] = stage.backend.calls;
    const headers = Object.fromEntries(
      Object.entries(call?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(new Webhook('whsec_c2VjcmV0c2VjcmV0c2VjcmV0').verify(JSON.stringify(call?.body), headers)).toEqual(
      call?.body,
    );
  });

  it('names the secret that is missing or malformed', () => {
    expect(() => stage.hookOf({ auth: { type: 'bearer', token: 'nosuch' } })).toThrow(
      'RestHook "backend": secret nosuch is missing',
    );
    expect(() => stage.hookOf({ auth: { type: 'bearer', token: 'e' } }, new Map([['e', Buffer.from('\n')]]))).toThrow(
      'secret e is empty',
    );
  });
});
