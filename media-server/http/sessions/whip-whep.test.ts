import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import type { StreamSetup } from '../../../test/builders/streams.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

describe('WHIP and WHEP', () => {
  const offer = (url: string, headers: Readonly<Record<string, string>> = {}, payload = 'v=0') =>
    test.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/sdp', ...headers }, payload });

  it('pass on names, query and token', async () => {
    await offer('/whip/app/my%20stream?room=7&token=a', {
      authorization: 'Bearer b',
      origin: 'https://o',
      'user-agent': 'ua',
    });
    expect(test.requests[0]).toMatchObject({
      appKey: 'app',
      name: 'my stream',
      offer: 'v=0',
      custom: { room: '7', token: 'b' },
      client: { token: 'b', origin: 'https://o', version: 'ua', address: '192.0.2.1', isShared: false },
    });
  });

  it('answer 201 with Location, ETag and Link', async () => {
    const stream = test.add();
    test.outcome = { kind: 'started', stream, answer: 'v=0 answer' };
    const response = await offer('/whip/app/a?token=x');
    expect([response.statusCode, response.body]).toEqual([201, 'v=0 answer']);
    expect(response.headers).toMatchObject({
      location: expect.stringMatching(/^\/whip\/app\/a\/pod\/[\w-]{32}$/),
      etag: '"ufrag"',
      'content-type': 'application/sdp',
      'accept-patch': 'application/trickle-ice-sdpfrag',
    });
    expect(String(response.headers['link'])).toContain('<stun:stun.example.org:3478>; rel="ice-server"');
    expect(String(response.headers['link'])).toContain('urn:sluice:params:whip:ext:server-sent-events');
  });

  it('prepend the prefix that a trusted proxy strips to Location and Link', async () => {
    test.prefix = '/media';
    const stream = test.add({ direction: 'play' });
    test.outcome = { kind: 'started', stream, answer: 'v=0 answer' };
    const { headers } = await offer('/whep/app/a?token=x');
    const { location } = headers;
    expect(location).toMatch(/^\/media\/whep\/app\/a\/pod\/[\w-]{32}$/);
    const [ice, events, layer] = [headers.link ?? []].flat();
    expect(ice).toContain('<stun:stun.example.org:3478>');
    expect(events).toContain(`<${location}/events>`);
    expect(layer).toContain(`<${location}/layer>`);
    const created = await test.app.inject({ method: 'POST', url: `${String(location).slice('/media'.length)}/events` });
    expect([created.statusCode, created.headers.location]).toEqual([201, `${location}/events`]);
  });

  it.each([
    [409, 'not_live', 2],
    [503, 'unavailable', 5],
  ] as const)('answer %d with Retry-After', async (status, result, retryAfterSeconds) => {
    test.outcome = { kind: 'rejected', rejection: { status, result, detail: 'why', retryAfterSeconds } };
    const response = await offer('/whep/app/a');
    expect([response.statusCode, response.headers['retry-after'], response.json().detail]).toEqual([
      status,
      `${retryAfterSeconds}`,
      'why',
    ]);
  });

  it('refuse an empty offer, another content type, and names that are empty, too long or invalid', async () => {
    expect((await offer('/whip/app/a', {}, '')).statusCode).toBe(400);
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      const refused = await offer('/whip/app/a', { 'content-type': type }, '{}');
      expect([refused.statusCode, refused.json().detail]).toEqual([415, 'Content-Type: must be application/sdp']);
    }
    const nameless = await offer('/whip/app/');
    expect([nameless.statusCode, nameless.json().detail]).toEqual([400, 'name: must be a text that is not empty']);
    for (const length of [257, 5000]) expect((await offer(`/whip/app/${'x'.repeat(length)}`)).statusCode).toBe(400);
    expect((await offer('/whip/app/a%00b')).statusCode).toBe(400);
  });

  const session = (secret: string, method: 'PATCH' | 'DELETE', headers: Readonly<Record<string, string>> = {}) =>
    test.app.inject({
      method,
      url: `/whip/app/a/pod/${secret}`,
      headers: method === 'PATCH' ? { 'content-type': 'application/trickle-ice-sdpfrag', ...headers } : headers,
      ...(method === 'PATCH' ? { payload: 'a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n' } : {}),
    });

  it.each(['*', '"ufrag"', 'W/"ufrag"', '"old", "ufrag"'])('trickle with If-Match: %s', async (ifMatch) => {
    const response = await session(test.resources.add(test.add()), 'PATCH', { 'if-match': ifMatch });
    expect([response.statusCode, response.body, response.headers['etag']]).toEqual([204, '', undefined]);
  });

  it.each(['*', '"ufrag"', '"old", "ufrag"'])('restart ICE with If-Match: %s', async (ifMatch) => {
    const stream = test.add();
    Object.assign(stream.leg ?? {}, { applyFragment: async () => 'a=ice-lite\r\n' });
    const response = await session(test.resources.add(stream), 'PATCH', { 'if-match': ifMatch });
    expect([response.statusCode, response.body, response.headers['etag']]).toEqual([200, 'a=ice-lite\r\n', '"ufrag"']);
  });

  it('refuse a PATCH without If-Match, with another ETag, or with another content type', async () => {
    const stream = test.add();
    const secret = test.resources.add(stream);
    const applied: string[] = [];
    Object.assign(stream.leg ?? {}, { applyFragment: async (fragment: string) => applied.push(fragment) });
    expect((await session(secret, 'PATCH')).statusCode).toBe(428);
    expect((await session(secret, 'PATCH', { 'if-match': '"old"' })).statusCode).toBe(412);
    for (const type of ['application/sdp', 'application/json']) {
      const other = { 'if-match': '"ufrag"', 'content-type': type };
      expect((await session(secret, 'PATCH', other)).statusCode).toBe(415);
    }
    expect(applied).toEqual([]);
  });

  it('answer 404 if the stream ends during an ICE restart or a layer change', async () => {
    const endsMeanwhile = (setup: StreamSetup = {}) => {
      const stream = test.add(setup);
      const fail = async () => {
        await test.terminator.end(stream, 'rest');
        throw new Error('Channel closed');
      };
      Object.assign(stream.leg ?? {}, { kind: 'playback', applyFragment: fail, selectLayer: fail });
      return test.resources.add(stream);
    };
    expect((await session(endsMeanwhile(), 'PATCH', { 'if-match': '*' })).statusCode).toBe(404);
    const url = `/whep/app/a/pod/${endsMeanwhile({ direction: 'play' })}/layer`;
    expect((await test.app.inject({ method: 'POST', url, payload: { encodingId: 'h' } })).statusCode).toBe(404);
  });

  it('end once by DELETE, and answer 404 for other URLs', async () => {
    const stream = test.add();
    const secret = test.resources.add(stream);
    for (const other of [stream.id, stream.session.id]) {
      expect((await session(other, 'DELETE')).statusCode).toBe(404);
    }
    expect((await session(secret, 'DELETE')).statusCode).toBe(200);
    expect(stream.cause).toBe('client');
    expect((await session(secret, 'DELETE')).statusCode).toBe(404);
  });

  it.each(['GET', 'HEAD'] as const)('answer %s on endpoints and live sessions without content', async (method) => {
    const stream = test.add();
    const url = `/whip/app/a/pod/${test.resources.add(stream)}`;
    const look = async (url: string) => {
      const response = await test.app.inject({ method, url, headers: { origin: 'https://a.example' } });
      expect(response.headers['access-control-allow-origin']).toBe('*');
      return [response.statusCode, response.body, response.headers['content-type']];
    };
    expect(await look('/whip/app/a')).toEqual([204, '', undefined]);
    expect(await look('/whep/app/a')).toEqual([200, '', 'application/sdp']);
    expect(await look(url)).toEqual([204, '', undefined]);
    await test.terminator.end(stream, 'client');
    expect((await look(url))[0]).toBe(404);
    const player = test.add({ direction: 'play' });
    expect(await look(`/whep/app/a/pod/${test.resources.add(player)}`)).toEqual([204, '', undefined]);
    expect(test.requests).toEqual([]);
  });

  it('list what they accept in the answer to OPTIONS', async () => {
    const response = await test.app.inject({ method: 'OPTIONS', url: '/whip/app/a' });
    expect([response.statusCode, response.headers['accept-post']]).toEqual([204, 'application/sdp']);
    expect(String(response.headers['link'])).toContain('rel="ice-server"');
  });
});
