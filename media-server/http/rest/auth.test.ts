import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf, postJson, publicApp, type TestApp } from '../../../test/builders/public-app.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const terminate = (payload?: unknown, query = '') => postJson(test, `/stream/terminate${query}`, payload);

describe('authentication', () => {
  const tokens = () => bundleOf({ authRef: { name: 'api' } }, { api: { ops: 't0ken\n', ci: 'other' } });
  const status = async (authorization?: string, url = '/rest-api/stream/find_all') =>
    (await test.app.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode;

  it('is off without rest.authRef', async () => {
    expect(await status()).toBe(404);
  });

  it('accepts any of the named tokens and nothing else', async () => {
    test.bundle = tokens();
    for (const right of ['Bearer t0ken', 'Bearer other', 'bearer t0ken', 'Bearer  t0ken ']) {
      expect({ right, status: await status(right) }).toEqual({ right, status: 404 });
    }
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer wrong',
      'Basic dDBrZW4=',
      't0ken',
      'bearer t0ken x',
    ]) {
      expect({ wrong, status: await status(wrong) }).toEqual({ wrong, status: 401 });
    }
  });

  it('answers 401 with WWW-Authenticate and ends nothing', async () => {
    test.bundle = tokens();
    const stream = test.add();
    const response = await terminate({});
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer realm="sluice"']);
    expect(stream.cause).toBeNull();
  });

  it('accepts Basic with a Secret of type basic-auth', async () => {
    test.bundle = bundleOf({ authRef: { name: 'api' } }, { api: { username: 'u', password: 'p' } });
    expect(await status(`Basic ${Buffer.from('u:p').toString('base64')}`)).toBe(404);
    for (const wrong of [
      `Basic ${btoa('u:x')}`,
      `Basic ${btoa('x:p')}`,
      `Bearer ${btoa('u:p')}`,
      'Bearer p',
      'Basic',
    ]) {
      expect({ wrong, status: await status(wrong) }).toEqual({ wrong, status: 401 });
    }
  });

  it('rejects everyone if the configured credential is empty', async () => {
    const basic = bundleOf({ authRef: { name: 'api' } }, { api: { username: 'u', password: 'p' } });
    for (const { assets, config } of [basic, tokens()]) {
      test.bundle = { config, assets: new Map([...assets.keys()].map((name) => [name, Buffer.from('\n')])) };
      for (const authorization of [`Basic ${btoa('u:')}`, `Basic ${btoa(':')}`, 'Bearer ', 'Bearer', 'Basic ']) {
        expect({ authorization, status: await status(authorization) }).toEqual({ authorization, status: 401 });
      }
    }
  });

  it('covers the statistics page and the OpenAPI description, not WHIP and the pages', async () => {
    test.bundle = tokens();
    expect(await status(undefined, '/?action=stat')).toBe(401);
    expect(await status(undefined, '/rest-api/openapi.json')).toBe(401);
    expect(await status(undefined, '/console')).toBe(200);
    expect(await status(undefined, '/')).toBe(200);
  });
});
