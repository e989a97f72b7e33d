import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleOf, postJson, publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { until } from '../../../test/harness/wait.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const post = (url: string, payload?: unknown, headers?: Readonly<Record<string, string>>) =>
  postJson(test, url, payload, headers);
const terminate = (payload?: unknown, query = '') => postJson(test, `/stream/terminate${query}`, payload);

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
    ['an empty id in a list', '{"mediaSessionIds":[""]}', 400, 'body.mediaSessionIds[0]'],
    ['an empty name', '{"name":""}', 400, 'body.name: must not be empty'],
    ['a name of 1025 characters', `{"name":"${'x'.repeat(1025)}"}`, 400, 'body.name: must be at most 1024 characters'],
    ['a misspelt field', '{"nmae":"stream1"}', 400, 'body: unknown field "nmae"; did you mean "name"?'],
    ['a field of another object', '{"stream":"stream1"}', 400, 'body: unknown field "stream"'],
    ['a boolean as text', '{"published":"true"}', 400, 'body.published'],
    ['a boolean as number', '{"published":1}', 400, 'body.published'],
    ['a final status', '{"status":"FAILED"}', 400, 'must be one of NEW, PENDING, PUBLISHING, PLAYING'],
    ['ids as text', '{"mediaSessionIds":"a,b"}', 400, 'body.mediaSessionIds'],
    [
      'too many ids',
      JSON.stringify({ mediaSessionIds: Array.from({ length: 10_001 }, (_, i) => `${i}`) }),
      400,
      'body.mediaSessionIds: must have at most 10000 items',
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

  it('accepts the maximum number of ids', async () => {
    const mediaSessionIds = Array.from({ length: 10_000 }, () => randomUUID());
    expect((await terminate({ mediaSessionIds })).statusCode).toBe(404);
  });

  it('a member may be null beside others', async () => {
    test.add({ name: 'stream1' });
    expect((await terminate({ name: 'stream1', status: null })).statusCode).toBe(200);
  });

  it('another content type is 415, and the answer names the expected one', async () => {
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
  ] as const)('an unknown parameter or field of %s %s is 400', async (method, url, payload) => {
    test.add();
    const response = await test.app.inject({ method, url: `/rest-api${url}`, ...(payload ? { payload } : {}) });
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toMatch(/unknown field|every member is null/);
  });

  it('a query parameter of another call ends no session', async () => {
    const sessionId = test.add().session.id;
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

  it('random bytes with any content type are answered with 4xx', async () => {
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

  it('counts a stream that is already ending as matched, not terminated', async () => {
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

  it('reports how many clients it denies', async () => {
    test.add();
    expect((await terminate({}, '?denyFor=60s')).json()).toMatchObject({ matched: 1, terminated: 1, denied: 1 });
  });
});
