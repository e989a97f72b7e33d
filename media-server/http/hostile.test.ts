import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../test/builders/public-app.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const terminate = (payload: string | Buffer, contentType = 'application/json', query = '') =>
  test.app.inject({
    method: 'POST',
    url: `/rest-api/stream/terminate${query}`,
    headers: { 'content-type': contentType },
    payload,
  });

/** A body is an order only when it is an object with known members of the right kind, and not only nulls. */
function isFilter(body: unknown): body is Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const members = Object.entries(body);
  const set = members.filter(([, value]) => value !== null);
  if (members.length > 0 && set.length === 0) return false;
  return set.every(([member, value]) => {
    if (member === 'published') return typeof value === 'boolean';
    if (member === 'status') return ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING'].includes(String(value));
    return ['name', 'appKey'].includes(member) && typeof value === 'string' && value !== '' && value.length <= 1024;
  });
}

/** What the one live stream of these tests is. */
const VICTIM: Readonly<Record<string, unknown>> = {
  name: 'victim',
  appKey: 'defaultApp',
  published: true,
  status: 'PUBLISHING',
};

function statusFor(body: unknown): 200 | 400 | 404 {
  if (!isFilter(body)) return 400;
  return Object.entries(body).every(([key, value]) => value === null || VICTIM[key] === value) ? 200 : 404;
}

describe('a body that is almost a filter', () => {
  const values = fc.oneof(
    fc.constantFrom<unknown>('victim', 'defaultApp', true, false, 'PUBLISHING', 'PLAYING', null),
    fc.constantFrom<unknown>('', 'FAILED', 'true', 0, 1, [], {}, ['victim'], 'publishing'),
    fc.string(),
  );
  const member = fc.constantFrom('name', 'appKey', 'published', 'status', 'Name', 'nmae', 'constructor', 'display');
  const filters = fc.record(
    {
      name: fc.constantFrom('victim', 'nobody', null),
      appKey: fc.constantFrom('defaultApp', 'otherApp', null),
      published: fc.constantFrom(true, false, null),
      status: fc.constantFrom('PUBLISHING', 'PLAYING', null),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const bodies = fc.oneof(
    filters,
    fc.dictionary(member, values, { maxKeys: 4, noNullPrototype: true }),
    fc.array(values, { maxLength: 2 }),
    values,
  );

  it('ends the stream if every member is valid and matches; otherwise nothing ends', async () => {
    const seen = { 200: 0, 400: 0, 404: 0 };
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const stream = test.add({ name: 'victim' });
        const text = JSON.stringify(body);
        const { statusCode } = await terminate(text);
        const expected = statusFor(body);
        expect({ text, statusCode }).toEqual({ text, statusCode: expected });
        expect(stream.cause).toBe(expected === 200 ? 'rest' : null);
        await test.terminator.end(stream, 'client');
        seen[expected] += 1;
      }),
      { numRuns: 600 },
    );
    // The random bodies were of every kind.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });
});

describe('odd JSON', () => {
  it.each<[string, string, number]>([
    ['nesting that is closed', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
    ['nested objects', `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`, 400],
    ['nesting around a prototype', `{"name":${'['.repeat(90_000)}{"__proto__":1}${']'.repeat(90_000)}}`, 400],
    ['an escaped prototype', '{"\\u005f_proto__":null}', 400],
    ['a constructor', '{"constructor":{"prototype":{"name":"victim"}}}', 400],
    ['the name of a method', '{"toString":"victim"}', 400],
    ['a NUL in a name', '{"name":"victim\\u0000"}', 404],
    ['a lone surrogate', '{"name":"\\ud800"}', 404],
    ['another Unicode form of nothing', '{"name":"victim\\u200b"}', 404],
    ['the same member twice: the last one counts', '{"name":"victim","name":"nobody"}', 404],
    ['a comment', '{/* all */}', 400],
    ['two values', '{}{}', 400],
    ['a trailing comma', '{"name":"victim",}', 400],
    ['NaN', '{"name":NaN}', 400],
    ['blanks only', ' \n ', 400],
    ['a number that is too large for one', '{"published":1e999}', 400],
  ])('%s', async (_what, body, status) => {
    test.add({ name: 'victim' });
    expect((await terminate(body)).statusCode).toBe(status);
    expect(test.registry.size).toBe(1);
  });

  it('is read up to 512 KiB, and is 413 beyond', async () => {
    const padded = (bytes: number) => `{"name":"nobody"${' '.repeat(bytes - 17)}}`;
    expect((await terminate(padded(512 * 1024))).statusCode).toBe(404);
    expect((await terminate(padded(512 * 1024 + 1))).statusCode).toBe(413);
  });

  it('that is not UTF-8 never matches a stream name', async () => {
    test.add({ name: 'victim' });
    const body = Buffer.concat([Buffer.from('{"name":"victim'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect((await terminate(body)).statusCode).toBe(404);
  });
});

describe('odd content types', () => {
  it.each([
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/vnd.api+json',
    'application/json-patch+json',
    'application/sdp',
    '*/*',
    'application/jsonx',
  ])('%s is 415', async (contentType) => {
    test.add();
    expect((await terminate('{}', contentType)).statusCode).toBe(415);
    expect(test.registry.size).toBe(1);
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])('%s is JSON', async (type) => {
    test.add();
    expect((await terminate('{}', type)).statusCode).toBe(200);
  });
});

describe('odd queries and headers', () => {
  it('an unknown query parameter is 400, whatever its value', async () => {
    const stream = test.add();
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.string(), async (key, value) => {
        fc.pre(!['dryRun', 'scope', 'denyFor'].includes(key));
        const query = `?${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`;
        expect((await terminate('{}', 'application/json', query)).statusCode).toBe(400);
        expect(stream.cause).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    '?dryRun',
    '?dryRun=',
    '?dryRun=TRUE',
    '?dryRun=1',
    '?dryRun=true&dryRun=false',
    '?dryRun[]=true',
    '?dryRun=true%00',
    '?scope=pod&scope=fleet',
    '?denyFor=-1s',
    '?denyFor=1e3s',
    '?denyFor=24h1s',
    '?__proto__=x',
    '?constructor=x',
  ])('%s is 400', async (query) => {
    test.add();
    expect((await terminate('{}', 'application/json', query)).statusCode).toBe(400);
    expect(test.registry.size).toBe(1);
  });

  it('no header makes a call fail', async () => {
    const names = fc.constantFrom(
      'accept',
      'origin',
      'x-forwarded-for',
      'authorization',
      'if-match',
      'x-any',
      'cookie',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, fc.string({ maxLength: 100 })), async (headers) => {
        const response = await test.app.inject({ url: '/rest-api/app/find_all', headers });
        expect(response.statusCode).toBe(200);
      }),
      { numRuns: 100 },
    );
  });
});
