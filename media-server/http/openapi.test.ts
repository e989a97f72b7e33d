import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../test/builders/public-app.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

describe('the OpenAPI description', () => {
  it('is version 3.1 and has every call', async () => {
    const description = (await test.app.inject('/rest-api/openapi.json')).json();
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths).sort()).toEqual([
      '/rest-api/app/find_all',
      '/rest-api/connection/find',
      '/rest-api/connection/find_all',
      '/rest-api/connection/terminate',
      '/rest-api/pull/rtmp/find_all',
      '/rest-api/pull/rtmp/pull',
      '/rest-api/pull/rtmp/terminate',
      '/rest-api/rtsp/find_all',
      '/rest-api/rtsp/startup',
      '/rest-api/rtsp/terminate',
      '/rest-api/stream/ended',
      '/rest-api/stream/find',
      '/rest-api/stream/find_all',
      '/rest-api/stream/terminate',
      '/whep/{appKey}/{name}',
      '/whep/{appKey}/{name}/{podId}/{secret}',
      '/whep/{appKey}/{name}/{podId}/{secret}/events',
      '/whep/{appKey}/{name}/{podId}/{secret}/layer',
      '/whip/{appKey}/{name}',
      '/whip/{appKey}/{name}/{podId}/{secret}',
      '/whip/{appKey}/{name}/{podId}/{secret}/events',
    ]);
    expect(
      description.paths['/rest-api/stream/terminate'].post.requestBody.content['application/json'].schema.properties
        .published.type,
    ).toBe('boolean');
  });

  it('names the server by the prefix that a trusted proxy strips', async () => {
    const servers = async () => (await test.app.inject('/rest-api/openapi.json')).json().servers;
    expect(await servers()).toBeUndefined();
    test.prefix = '/media';
    expect(await servers()).toEqual([{ url: '/media' }]);
  });

  it('describes how every call fails and who may make it', async () => {
    const { paths } = (await test.app.inject('/rest-api/openapi.json')).json();
    const calls = Object.entries<Record<string, object>>(paths)
      .filter(([path]) => path.startsWith('/rest-api/'))
      .flatMap(([, methods]) => Object.values(methods));
    expect(calls).toHaveLength(19);
    for (const call of calls) {
      expect(call).toMatchObject({
        summary: expect.any(String),
        security: [{}, { bearer: [] }, { basic: [] }],
        responses: {
          200: {},
          '4XX': { content: { 'application/problem+json': {} } },
          '5XX': { content: { 'application/problem+json': {} } },
        },
      });
    }
  });

  it('describes which calls need a body', async () => {
    const { paths } = (await test.app.inject('/rest-api/openapi.json')).json();
    const needed = Object.entries<{ post?: { requestBody?: { required: boolean } } }>(paths).flatMap(
      ([path, { post }]) =>
        path.startsWith('/rest-api/') && post ? [[path.slice('/rest-api/'.length), post.requestBody?.required]] : [],
    );
    expect(Object.fromEntries(needed)).toEqual({
      'app/find_all': false,
      'connection/find': true,
      'connection/find_all': false,
      'connection/terminate': true,
      'pull/rtmp/find_all': false,
      'pull/rtmp/pull': true,
      'pull/rtmp/terminate': true,
      'rtsp/find_all': false,
      'rtsp/startup': true,
      'rtsp/terminate': true,
      'stream/find': true,
      'stream/find_all': false,
      'stream/terminate': true,
    });
  });

  it('describes the requests and responses of WHIP and WHEP', async () => {
    const { paths } = (await test.app.inject('/rest-api/openapi.json')).json();
    expect(paths['/whep/{appKey}/{name}'].post).toMatchObject({
      tags: ['WHEP'],
      summary: 'Start a session with an SDP offer',
      requestBody: { content: { 'application/sdp': { schema: { type: 'string' } } } },
      responses: { 201: { content: { 'application/sdp': {} } }, '4XX': {}, '5XX': {} },
    });
    expect(paths['/whip/{appKey}/{name}/{podId}/{secret}'].patch.parameters).toContainEqual({
      in: 'header',
      name: 'if-match',
      required: true,
      description: 'ETags, one of which is that of the session, or `*`',
      schema: { type: 'string' },
    });
    expect(paths['/whep/{appKey}/{name}/{podId}/{secret}/layer'].post.requestBody).toMatchObject({
      content: { 'application/json': { schema: { properties: { encodingId: { type: ['string', 'null'] } } } } },
    });
    const sessions = Object.entries<Record<string, object>>(paths).filter(([path]) => /^\/wh[ie]p\//.test(path));
    const calls = sessions.flatMap(([, methods]) => Object.values(methods));
    expect(calls).toHaveLength(17);
    for (const call of calls) expect(call).toMatchObject({ summary: expect.any(String), responses: { '4XX': {} } });
  });
});
