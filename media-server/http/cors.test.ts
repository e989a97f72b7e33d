import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf, publicApp, type TestApp } from '../../test/builders/public-app.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

describe('CORS', () => {
  const allowed = async (url: string, origin = 'https://a.example') =>
    (await test.app.inject({ method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': 'POST' } }))
      .headers['access-control-allow-origin'];

  it('is open for WHIP and WHEP, closed for the REST API', async () => {
    expect(await allowed('/whip/app/name')).toBe('*');
    expect(await allowed('/whep/app/name/pod/secret')).toBe('*');
    expect(await allowed('/rest-api/stream/terminate')).toBeUndefined();
  });

  it('follows rest.allowedOrigins and rest.corsOrigins after a reload', async () => {
    test.bundle = bundleOf({ allowedOrigins: ['https://b.example'], corsOrigins: ['https://a.example'] });
    expect(await allowed('/whip/app/name')).toBeUndefined();
    expect(await allowed('/whip/app/name', 'https://b.example')).toBe('https://b.example');
    expect(await allowed('/rest-api/stream/terminate')).toBe('https://a.example');
  });
});

describe('the answers that a page of rest.corsOrigins can read', () => {
  const ORIGIN = 'https://a.example';
  const headers = { origin: ORIGIN, 'content-type': 'application/json' };
  const readers = (answer: { readonly headers: Readonly<Record<string, unknown>> }) =>
    answer.headers['access-control-allow-origin'];

  beforeEach(() => {
    test.bundle = bundleOf({ corsOrigins: [ORIGIN], allowedOrigins: [] });
  });

  it.each([
    ['what was found', 'GET', '/rest-api/app/find_all', 200],
    ['that nothing was found', 'GET', '/rest-api/stream/find_all', 404],
    ['a field that is not valid', 'POST', '/rest-api/stream/terminate?dryRun=maybe', 400],
    ['a body that is not valid', 'POST', '/rest-api/stream/find', 400],
    ['a path that does not exist', 'GET', '/rest-api/pull/find_all', 404],
    ['a path that does not exist, of a POST', 'POST', '/rest-api/connection/set_log_level', 404],
    ['a method that does not exist', 'GET', '/rest-api/stream/terminate', 405],
    ['the statistics', 'GET', '/?action=stat&preventCache=now', 200],
    ['another action', 'GET', '/?action=stats', 400],
    ['a malformed path', 'GET', '/rest-api/%', 400],
    ['a preflight', 'OPTIONS', '/rest-api/stream/find', 200],
    ['a preflight of a path that does not exist', 'OPTIONS', '/rest-api/push/find_all', 200],
    ['a preflight of the statistics', 'OPTIONS', '/?action=stat', 200],
  ] as const)('are %s: %s %s', async (_what, method, url, status) => {
    const request = { method, url, headers, ...(method === 'POST' ? { payload: '{"x":1}' } : {}) };
    const answer = await test.app.inject(request);
    expect([answer.statusCode, readers(answer)]).toEqual([status, ORIGIN]);
    const stranger = await test.app.inject({ ...request, headers: { ...headers, origin: 'https://b.example' } });
    expect(readers(stranger)).toBeUndefined();
    expect(stranger.headers['vary']).toContain('Origin');
  });

  it('are those without credentials too, but a preflight needs none', async () => {
    test.bundle = bundleOf({ corsOrigins: [ORIGIN], authRef: { name: 'api' } }, { api: { ops: 't0ken' } });
    for (const [method, url, status] of [
      ['GET', '/rest-api/stream/find_all', 401],
      ['GET', '/?action=stat', 401],
      ['OPTIONS', '/?action=stat', 200],
      ['OPTIONS', '/rest-api/stream/find_all', 200],
    ] as const) {
      const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
      const answer = await test.app.inject({ method, url, headers: { ...headers, ...preflight } });
      expect([url, answer.statusCode, readers(answer)]).toEqual([url, status, ORIGIN]);
      if (method === 'OPTIONS') expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
    }
  });

  it('are not the pages, nor paths outside of the interfaces', async () => {
    test.bundle = bundleOf({ corsOrigins: ['*'], allowedOrigins: ['*'] });
    for (const [url, status] of [
      ['/console', 200],
      ['/web/console.js', 200],
      ['/nowhere', 404],
    ] as const) {
      const answer = await test.app.inject({ url, headers });
      expect([url, answer.statusCode, readers(answer)]).toEqual([url, status, undefined]);
    }
    expect(readers(await test.app.inject({ method: 'OPTIONS', url: '/console', headers }))).toBeUndefined();
  });
});

describe('a preflight of a browser', () => {
  it('gets no ICE servers, since their credentials are for the actual request', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
    const response = await test.app.inject({ method: 'OPTIONS', url: '/whip/app/a', headers });
    expect([response.statusCode, response.headers['link']]).toEqual([204, undefined]);
  });
});
