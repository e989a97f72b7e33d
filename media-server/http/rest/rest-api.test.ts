import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf, publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { fakeApp, type StreamSetup } from '../../../test/builders/streams.ts';
import { until } from '../../../test/harness/wait.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const post = (url: string, payload?: unknown, headers: Readonly<Record<string, string>> = {}) =>
  test.app.inject({
    method: 'POST',
    url: `/rest-api${url}`,
    headers: { 'content-type': 'application/json', ...headers },
    ...(payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
  });
const terminate = (payload?: unknown, query = '') => post(`/stream/terminate${query}`, payload);

describe("WCS's example bodies", () => {
  it.each([
    ['{"mediaSessionId":"$ID"}', 1],
    ['{"mediaSessionIds":["$ID"]}', 1],
    ['{"name":"stream1"}', 2],
    ['{"name":"stream1","published":true}', 1],
    ['{"name":"stream1","published":false}', 1],
    ['{"status":"PLAYING"}', 1],
    ['{"status":"PUBLISHING"}', 1],
    ['{"published":true}', 1],
    ['{"published":false}', 1],
    ['{}', 2],
  ])('%s ends %d', async (body, terminated) => {
    const publication = test.add({ name: 'stream1' });
    test.add({ name: 'stream1', direction: 'play' });
    const response = await terminate(body.replace('$ID', publication.id));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      matched: terminated,
      terminated,
      pods: [{ pod: 'pod-0', matched: terminated, terminated }],
    });
    expect(test.registry.size).toBe(2 - terminated);
  });

  it('are answered 404 when nothing matches', async () => {
    const response = await terminate({ name: 'nobody' });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ matched: 0, terminated: 0 });
  });
});

describe('what clients send by accident', () => {
  it.each<[string, unknown, number, string]>([
    ['no body', undefined, 400, 'send {} to match everything'],
    ['an empty array', '[]', 400, 'send {} to match everything'],
    ['null', 'null', 400, 'send {} to match everything'],
    ['a string', '"all"', 400, 'send {} to match everything'],
    ['a number', '1', 400, 'send {} to match everything'],
    ['only nulls', '{"name":null,"status":null}', 400, 'every member is null'],
    ['an empty string', '{"name":""}', 400, 'body.name'],
    ['an empty id in a list', '{"mediaSessionIds":[""]}', 400, 'body.mediaSessionIds.0'],
    ['a misspelt field', '{"nmae":"stream1"}', 400, 'body: unknown field "nmae"; did you mean "name"?'],
    ['a field of something else', '{"stream":"stream1"}', 400, 'body: unknown field "stream"'],
    ['a boolean as text', '{"published":"true"}', 400, 'body.published'],
    ['a boolean as number', '{"published":1}', 400, 'body.published'],
    ['a final status', '{"status":"FAILED"}', 400, 'must be one of NEW, PENDING, PUBLISHING, PLAYING'],
    ['ids as text', '{"mediaSessionIds":"a,b"}', 400, 'body.mediaSessionIds'],
    [
      'too many ids',
      JSON.stringify({ mediaSessionIds: Array.from({ length: 10_001 }, (_, i) => `${i}`) }),
      400,
      'mediaSessionIds',
    ],
    ['broken JSON', '{"name":', 400, ''],
    ['a prototype', '{"__proto__":{"name":"x"}}', 400, ''],
    ['513 KiB', `{"name":"${'x'.repeat(513 * 1024)}"}`, 413, 'body: must be at most 512 KiB'],
  ])('%s ends nothing', async (_what, body, status, detail) => {
    test.add({ name: 'stream1' });
    const response = await terminate(body);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json().detail).toContain(detail);
    expect(test.registry.size).toBe(1);
  });

  it('takes as many ids as are allowed', async () => {
    const mediaSessionIds = Array.from({ length: 10_000 }, () => randomUUID());
    expect((await terminate({ mediaSessionIds })).statusCode).toBe(404);
  });

  it('an absent member may be null beside others', async () => {
    test.add({ name: 'stream1' });
    expect((await terminate({ name: 'stream1', status: null })).statusCode).toBe(200);
  });

  it('another content type is 415, which says what is expected', async () => {
    const response = await post('/stream/terminate', '{}', { 'content-type': 'text/plain' });
    expect([response.statusCode, response.json().detail]).toEqual([415, 'Content-Type: must be application/json']);
  });

  it('an unknown or wrong query parameter is 400', async () => {
    test.add();
    for (const query of ['?dryrun=true', '?dryRun=yes', '?scope=all', '?denyFor=60', '?denyFor=25h', '?denyFor=0s']) {
      expect({ query, status: (await terminate({}, query)).statusCode }).toEqual({ query, status: 400 });
    }
    expect(test.registry.size).toBe(1);
  });

  it.each([
    ['POST', '/connection/terminate?dryRun=true', { sessionId: 'x' }],
    ['POST', '/connection/find?x=1', {}],
    ['GET', '/connection/find_all?x=1', undefined],
    ['GET', '/stream/ended?x=1', undefined],
    ['GET', '/stream/find_all?x=1', undefined],
    ['GET', '/app/find_all?x=1', undefined],
    ['POST', '/app/find_all', { x: 1 }],
    ['POST', '/connection/find_all', { x: 1 }],
    ['POST', '/stream/find', { name: null, display: ['metrics'] }],
  ] as const)('what %s %s does not know is 400', async (method, url, payload) => {
    test.add();
    const response = await test.app.inject({ method, url: `/rest-api${url}`, ...(payload ? { payload } : {}) });
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toMatch(/unknown field|every member is null/);
  });

  it('a query that ends nothing elsewhere ends no session either', async () => {
    const { sessionId } = test.add();
    expect((await post('/connection/terminate?dryRun=true', { sessionId })).statusCode).toBe(400);
    expect(test.registry.size).toBe(1);
  });

  it('random JSON never ends a stream unless it is a filter that matches', async () => {
    const stream = test.add({ name: 'victim' });
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), async (body) => {
        // "{}" is the one random body that may end it.
        fc.pre(body.replace(/\s/g, '') !== '{}');
        const { statusCode } = await terminate(body);
        expect([400, 404]).toContain(statusCode);
        expect(stream.cause).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('random bytes as any content type are answered 4xx', async () => {
    test.add();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('application/json', 'application/sdp', 'application/xml', '', 'x'),
        fc.constantFrom(
          '/rest-api/stream/terminate',
          '/rest-api/stream/find',
          '/whip/a/b',
          '/rest-api/connection/terminate',
        ),
        async (payload, contentType, url) => {
          const response = await test.app.inject({
            method: 'POST',
            url,
            headers: contentType === '' ? {} : { 'content-type': contentType },
            payload: Buffer.from(payload),
          });
          expect(response.statusCode).toBeGreaterThanOrEqual(400);
          expect(response.statusCode).toBeLessThan(500);
        },
      ),
      { numRuns: 200 },
    );
    expect(test.registry.size).toBe(1);
  });
});

describe('terminate', () => {
  it('waits until the transports are closed', async () => {
    let close = (): void => undefined;
    const stream = test.add({ close: () => new Promise((resolve) => (close = resolve)) });
    let answered = false;
    const response = terminate({}).then((result) => {
      answered = true;
      return result;
    });
    await until('the transport is closing', () => stream.closes.count === 1);
    expect(answered).toBe(false);
    close();
    expect((await response).statusCode).toBe(200);
  });

  it('lets a second caller count a stream that is ending as matched, not terminated', async () => {
    let close = (): void => undefined;
    const stream = test.add({ close: () => new Promise((resolve) => (close = resolve)) });
    const answers = Promise.all([terminate({}), terminate({})]);
    await until('the transport is closing', () => stream.closes.count === 1);
    // The second caller is there as well when a third request has been answered.
    await terminate({}, '?dryRun=true');
    close();
    const bodies = (await answers).map((response) => response.json());
    expect(bodies.map(({ matched, terminated }) => [matched, terminated]).sort()).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it('refuses {} when rest.emptyFilter is Refuse, at once after a reload', async () => {
    test.add();
    test.bundle = bundleOf({ emptyFilter: 'Refuse' });
    const refused = await terminate({});
    expect([refused.statusCode, refused.json().detail]).toEqual([
      400,
      expect.stringContaining('rest.emptyFilter: Refuse'),
    ]);
    expect((await terminate({ published: true })).statusCode).toBe(200);
  });

  it('says how many clients it denies', async () => {
    test.add();
    expect((await terminate({}, '?denyFor=60s')).json()).toMatchObject({ matched: 1, terminated: 1, denied: 1 });
  });
});

describe('find, find_all and the connection calls', () => {
  it('show streams without SDP and token', async () => {
    const stream = test.add({ name: 'a' });
    for (const response of [
      await post('/stream/find', { name: 'a' }),
      await test.app.inject('/rest-api/stream/find_all'),
    ]) {
      expect(response.statusCode).toBe(200);
      const [found] = response.json();
      expect(found).toMatchObject({
        nodeId: 'pod-0@127.0.0.1',
        mediaSessionId: stream.id,
        status: 'PUBLISHING',
        custom: { room: '7' },
        record: false,
      });
      expect(response.body).not.toContain('s3cret');
      expect(found).not.toHaveProperty('sdp');
    }
  });

  it('add metrics when asked', async () => {
    test.add();
    const [plain] = (await post('/stream/find_all', {})).json();
    const [found] = (await post('/stream/find_all', { display: ['metrics'] })).json();
    expect(plain).not.toHaveProperty('metrics');
    expect(found.metrics).toEqual({ bytes: 1, packets: 1, packetsLost: 0, bitrate: 8, rttMs: 1 });
  });

  it('take published as text in find, as WCS does, and never in terminate', async () => {
    const publication = test.add({ name: 'a' });
    const playback = test.add({ name: 'a', direction: 'play' });
    const idsOf = async (published: unknown) => {
      const found: { mediaSessionId: string }[] = (await post('/stream/find', { name: 'a', published })).json();
      return found.map(({ mediaSessionId }) => mediaSessionId);
    };
    for (const published of [true, 'true']) expect(await idsOf(published)).toEqual([publication.id]);
    for (const published of [false, 'false']) expect(await idsOf(published)).toEqual([playback.id]);
    for (const published of ['', 'TRUE', 'yes', 1, ['true']]) {
      const refused = await post('/stream/find', { published });
      expect([refused.statusCode, refused.json().detail]).toEqual([400, expect.stringContaining('body.published')]);
    }
    for (const published of ['true', 'false']) expect((await terminate({ published })).statusCode).toBe(400);
    expect(test.registry.size).toBe(2);
  });

  it('find connections by session, app and version of the client', async () => {
    const news = test.add({ app: fakeApp('news'), client: { version: 'obs/1' } });
    const sport = test.add({ app: fakeApp('sport'), client: { version: 'obs/1' } });
    const found = async (body: object) => {
      const response = await post('/connection/find', body);
      if (response.statusCode !== 200) return response.statusCode;
      return response.json().map(({ sessionId }: { sessionId: string }) => sessionId);
    };
    expect(await found({})).toEqual([news.sessionId, sport.sessionId]);
    expect(await found({ clientVersion: 'obs/1' })).toEqual([news.sessionId, sport.sessionId]);
    expect(await found({ appKey: 'news' })).toEqual([news.sessionId]);
    expect(await found({ appKey: 'sport', clientVersion: 'obs/1', sessionId: sport.sessionId })).toEqual([
      sport.sessionId,
    ]);
    expect(await found({ appKey: 'news', sessionId: sport.sessionId })).toBe(404);
    expect(await found({ clientVersion: 'obs' })).toBe(404);
    expect(await found({ appkey: 'news' })).toBe(400);
    expect((await post('/connection/terminate', { appKey: 'news' })).statusCode).toBe(400);
    expect(test.registry.size).toBe(2);
  });

  it.each(['/stream/find_all', '/connection/find_all'])('%s answers 404 when there is none', async (url) => {
    expect((await test.app.inject(`/rest-api${url}`)).statusCode).toBe(404);
    expect((await post(url)).statusCode).toBe(404);
  });

  it('find and end a session', async () => {
    const stream = test.add();
    expect((await post('/connection/find', { sessionId: stream.sessionId })).json()).toMatchObject([
      { sessionId: stream.sessionId },
    ]);
    const response = await post('/connection/terminate', { sessionId: stream.sessionId });
    expect([response.statusCode, response.json()]).toEqual([200, { matched: 1, terminated: 1 }]);
    expect(stream).toMatchObject({ cause: 'disconnect', status: 'UNPUBLISHED' });
    expect((await post('/connection/terminate', { sessionId: stream.sessionId })).statusCode).toBe(404);
    expect((await post('/connection/terminate', {})).statusCode).toBe(400);
  });
});

describe('app/find_all', () => {
  it('says of each app whether its streams are checked, and if not why', async () => {
    const [app] = (await test.app.inject('/rest-api/app/find_all')).json();
    expect(app).toMatchObject({ appKey: 'defaultApp', keepAlive: { checked: false, reason: 'ServerDisabled' } });
  });
});

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

  it('say 404, not 405, where only a slash is too much', async () => {
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

describe('authentication', () => {
  const tokens = () => bundleOf({ authRef: { name: 'api' } }, { api: { ops: 't0ken\n', ci: 'other' } });
  const status = async (authorization?: string, url = '/rest-api/stream/find_all') =>
    (await test.app.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode;

  it('is off without rest.authRef', async () => {
    expect(await status()).toBe(404);
  });

  it('takes any of the named tokens and nothing else', async () => {
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

  it('takes Basic from a Secret of type basic-auth', async () => {
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

  it('lets nobody in when what it compares with is empty', async () => {
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

describe('WHIP and WHEP', () => {
  const offer = (url: string, headers: Readonly<Record<string, string>> = {}, payload = 'v=0') =>
    test.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/sdp', ...headers }, payload });

  it('hand over names, query and token', async () => {
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
      location: `/whip/app/a/pod/${stream.secret}`,
      etag: '"ufrag"',
      'content-type': 'application/sdp',
      'accept-patch': 'application/trickle-ice-sdpfrag',
    });
    expect(String(response.headers['link'])).toContain('<stun:stun.example.org:3478>; rel="ice-server"');
    expect(String(response.headers['link'])).toContain('urn:sluice:params:whip:ext:server-sent-events');
  });

  it('put what a trusted proxy has taken off before Location and Link', async () => {
    test.prefix = '/media';
    const stream = test.add({ direction: 'play' });
    test.outcome = { kind: 'started', stream, answer: 'v=0 answer' };
    const { headers } = await offer('/whep/app/a?token=x');
    const location = `/media/whep/app/a/pod/${stream.secret}`;
    expect(headers.location).toBe(location);
    const [ice, events, layer] = [headers.link ?? []].flat();
    expect(ice).toContain('<stun:stun.example.org:3478>');
    expect(events).toContain(`<${location}/events>`);
    expect(layer).toContain(`<${location}/layer>`);
    const created = await test.app.inject({ method: 'POST', url: `/whep/app/a/pod/${stream.secret}/events` });
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

  it('refuse an empty offer, another content type, and names that are empty, too long or odd', async () => {
    expect((await offer('/whip/app/a', {}, '')).statusCode).toBe(400);
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      const refused = await offer('/whip/app/a', { 'content-type': type }, '{}');
      expect([refused.statusCode, refused.json().detail]).toEqual([415, 'Content-Type: must be application/sdp']);
    }
    const nameless = await offer('/whip/app/');
    expect([nameless.statusCode, nameless.json().detail]).toEqual([400, 'name: missing from the path']);
    for (const length of [257, 5000]) expect((await offer(`/whip/app/${'x'.repeat(length)}`)).statusCode).toBe(400);
    expect((await offer('/whip/app/a%00b')).statusCode).toBe(400);
  });

  const session = (
    stream: { secret: string },
    method: 'PATCH' | 'DELETE',
    headers: Readonly<Record<string, string>> = {},
  ) =>
    test.app.inject({
      method,
      url: `/whip/app/a/pod/${stream.secret}`,
      headers: method === 'PATCH' ? { 'content-type': 'application/trickle-ice-sdpfrag', ...headers } : headers,
      ...(method === 'PATCH' ? { payload: 'a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n' } : {}),
    });

  it.each(['*', '"ufrag"', 'W/"ufrag"', '"old", "ufrag"'])('trickle with If-Match: %s', async (ifMatch) => {
    const response = await session(test.add(), 'PATCH', { 'if-match': ifMatch });
    expect([response.statusCode, response.body, response.headers['etag']]).toEqual([204, '', undefined]);
  });

  it.each(['*', '"ufrag"', '"old", "ufrag"'])('restart ICE with If-Match: %s', async (ifMatch) => {
    const stream = test.add();
    Object.assign(stream.leg ?? {}, { applyFragment: async () => 'a=ice-lite\r\n' });
    const response = await session(stream, 'PATCH', { 'if-match': ifMatch });
    expect([response.statusCode, response.body, response.headers['etag']]).toEqual([200, 'a=ice-lite\r\n', '"ufrag"']);
  });

  it('refuse a PATCH without If-Match, with another one, or of another type', async () => {
    const stream = test.add();
    const applied: string[] = [];
    Object.assign(stream.leg ?? {}, { applyFragment: async (fragment: string) => applied.push(fragment) });
    expect((await session(stream, 'PATCH')).statusCode).toBe(428);
    expect((await session(stream, 'PATCH', { 'if-match': '"old"' })).statusCode).toBe(412);
    const other = { 'if-match': '"ufrag"', 'content-type': 'application/sdp' };
    expect((await session(stream, 'PATCH', other)).statusCode).toBe(415);
    expect(applied).toEqual([]);
  });

  it('answer 404, as a moment later, when the stream ends while ICE is restarted or a layer chosen', async () => {
    const endsMeanwhile = (setup: StreamSetup = {}) => {
      const stream = test.add(setup);
      const fail = async () => {
        await test.terminator.end(stream, 'rest');
        throw new Error('Channel closed');
      };
      Object.assign(stream.leg ?? {}, { kind: 'playback', applyFragment: fail, selectLayer: fail });
      return stream;
    };
    expect((await session(endsMeanwhile(), 'PATCH', { 'if-match': '*' })).statusCode).toBe(404);
    const { secret } = endsMeanwhile({ direction: 'play' });
    const url = `/whep/app/a/pod/${secret}/layer`;
    expect((await test.app.inject({ method: 'POST', url, payload: { encodingId: 'h' } })).statusCode).toBe(404);
  });

  it('end by DELETE once, and know nothing of other URLs', async () => {
    const stream = test.add();
    expect((await session({ secret: stream.id }, 'DELETE')).statusCode).toBe(404);
    expect((await session(stream, 'DELETE')).statusCode).toBe(200);
    expect(stream.cause).toBe('client');
    expect((await session(stream, 'DELETE')).statusCode).toBe(404);
  });

  it.each(['GET', 'HEAD'] as const)('answer %s of endpoints and of live sessions without content', async (method) => {
    const stream = test.add();
    const look = async (url: string) => {
      const response = await test.app.inject({ method, url, headers: { origin: 'https://a.example' } });
      expect(response.headers['access-control-allow-origin']).toBe('*');
      return [response.statusCode, response.body, response.headers['content-type']];
    };
    expect(await look('/whip/app/a')).toEqual([204, '', undefined]);
    expect(await look('/whep/app/a')).toEqual([200, '', 'application/sdp']);
    expect(await look(`/whip/app/a/pod/${stream.secret}`)).toEqual([204, '', undefined]);
    await test.terminator.end(stream, 'client');
    expect((await look(`/whip/app/a/pod/${stream.secret}`))[0]).toBe(404);
    const player = test.add({ direction: 'play' });
    expect(await look(`/whep/app/a/pod/${player.secret}`)).toEqual([204, '', undefined]);
    expect(test.requests).toEqual([]);
  });

  it('say on OPTIONS what is accepted', async () => {
    const response = await test.app.inject({ method: 'OPTIONS', url: '/whip/app/a' });
    expect([response.statusCode, response.headers['accept-post']]).toEqual([204, 'application/sdp']);
    expect(String(response.headers['link'])).toContain('rel="ice-server"');
  });
});

describe('a preflight of a browser', () => {
  it('is told nothing of ICE servers, whose credentials are for those who ask for them', async () => {
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
    const response = await test.app.inject({ method: 'OPTIONS', url: '/whip/app/a', headers });
    expect([response.statusCode, response.headers['link']]).toEqual([204, undefined]);
  });
});

describe('the statistics page', () => {
  it('is text in dashed sections, JSON, or Prometheus', async () => {
    test.add();
    const text = (await test.app.inject('/?action=stat')).body;
    expect(text).toContain('-----Stream Stats-----\nstreams_webrtc_in=1\nstreams_webrtc_out=0\n');
    expect((await test.app.inject('/?action=stat&format=json')).json()['Stream Stats'].streams_webrtc_in).toBe(1);
    expect((await test.app.inject('/?action=stat&format=prometheus')).body).toBe('# metrics\n');
    expect((await test.app.inject('/?action=stat&format=xml')).statusCode).toBe(400);
  });
});

describe('the OpenAPI description', () => {
  it('is 3.1 and has every call', async () => {
    const description = (await test.app.inject('/rest-api/openapi.json')).json();
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths).sort()).toEqual([
      '/rest-api/app/find_all',
      '/rest-api/connection/find',
      '/rest-api/connection/find_all',
      '/rest-api/connection/terminate',
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

  it('names the server by what a trusted proxy has taken off', async () => {
    const servers = async () => (await test.app.inject('/rest-api/openapi.json')).json().servers;
    expect(await servers()).toBeUndefined();
    test.prefix = '/media';
    expect(await servers()).toEqual([{ url: '/media' }]);
  });

  it('says of every call how it fails and who may make it', async () => {
    const { paths } = (await test.app.inject('/rest-api/openapi.json')).json();
    const calls = Object.entries<Record<string, object>>(paths)
      .filter(([path]) => path.startsWith('/rest-api/'))
      .flatMap(([, methods]) => Object.values(methods));
    expect(calls).toHaveLength(11);
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

  it('says which calls need a body', async () => {
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
      'stream/find': true,
      'stream/find_all': false,
      'stream/terminate': true,
    });
  });

  it('says what a WHIP or WHEP call takes and answers', async () => {
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
      description: 'A list of ETags with that of the session, or `*`',
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
