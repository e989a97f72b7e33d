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

describe('a preflight of a browser', () => {
  it('gets no ICE servers, since their credentials are for the actual request', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
    const response = await test.app.inject({ method: 'OPTIONS', url: '/whip/app/a', headers });
    expect([response.statusCode, response.headers['link']]).toEqual([204, undefined]);
  });
});
