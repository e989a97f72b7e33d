import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postJson, publicApp, type TestApp } from '../../test/builders/public-app.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const post = (url: string, payload?: unknown, headers?: Readonly<Record<string, string>>) =>
  postJson(test, url, payload, headers);

describe('errors', () => {
  it("are problem details with WCS's members", async () => {
    const response = await test.app.inject('/rest-api/nosuch?token=s3cret');
    expect(response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'path /rest-api/nosuch not found',
      error: 'Not Found',
      message: 'path /rest-api/nosuch not found',
      timestamp: expect.any(Number),
      path: '/rest-api/nosuch',
    });
  });

  it('are 404, not 405, for a path with an extra slash', async () => {
    expect((await post('/stream/terminate/', {})).statusCode).toBe(404);
  });

  it.each(['/whip/app/%E0%A4%A', '/rest-api/%'])('are problem details for %s as well', async (url) => {
    const response = await test.app.inject({ method: 'POST', url });
    expect([response.statusCode, response.headers['content-type']]).toEqual([400, 'application/problem+json']);
  });

  it.each([
    ['GET', '/rest-api/stream/terminate', 'POST'],
    ['PUT', '/rest-api/stream/find_all', 'GET, HEAD, POST'],
    ['PUT', '/whip/app/name', 'GET, HEAD, OPTIONS, POST'],
    ['DELETE', '/whep/app/name', 'GET, HEAD, OPTIONS, POST'],
    // Its answer would never be complete.
    ['HEAD', '/whip/app/name/pod/secret/events', 'GET, POST'],
    ['POST', '/web/style.css', 'GET, HEAD'],
  ] as const)('%s %s is 405 with Allow: %s', async (method, url, allow) => {
    const response = await test.app.inject({ method, url });
    expect([response.statusCode, response.headers['allow']]).toEqual([405, allow]);
  });
});
