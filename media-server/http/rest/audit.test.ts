import { afterEach, expect, it } from 'vitest';
import { createLogger } from '../../../process/logger.ts';
import { bundleOf, publicApp, type TestApp } from '../../../test/builders/public-app.ts';

let test: TestApp;
let lines: Record<string, unknown>[];

afterEach(() => test.app.close());

async function setUp(): Promise<void> {
  lines = [];
  const log = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  test = await publicApp({ bundle: bundleOf({ authRef: { name: 'api' } }, { api: { ops: 't0ken' } }), log });
}

const order = (url: string, payload: object, token = 't0ken') =>
  test.app.inject({ method: 'POST', url: `/rest-api${url}`, headers: { authorization: `Bearer ${token}` }, payload });

it('a terminate is logged with the name of the token, the filter and what it did, never with the token', async () => {
  await setUp();
  test.add({ name: 'a' });
  test.add({ name: 'b' });
  await order('/stream/terminate?denyFor=1m', { name: 'a' });
  await order('/stream/terminate?dryRun=true', { mediaSessionIds: ['x', 'y'] });
  expect(lines).toMatchObject([
    {
      msg: 'terminate requested',
      caller: 'ops',
      filter: { name: 'a' },
      dryRun: false,
      denyForMs: 60_000,
      denied: 1,
      status: 200,
      matched: 1,
      terminated: 1,
    },
    { caller: 'ops', filter: { mediaSessionIds: 2 }, dryRun: true, status: 404, matched: 0, terminated: 0 },
  ]);
  expect(JSON.stringify(lines)).not.toContain('t0ken');
});

it('the end of a session is logged the same way, even if there is no such session', async () => {
  await setUp();
  const sessionId = test.add().session.id;
  await order('/connection/terminate', { sessionId });
  await order('/connection/terminate', { sessionId });
  const common = { msg: 'terminate requested', caller: 'ops', filter: { sessionId }, cause: 'disconnect' };
  expect(lines).toMatchObject([
    { ...common, status: 200, matched: 1, terminated: 1 },
    { ...common, status: 404, matched: 0, terminated: 0 },
  ]);
});

it('a session whose stream fails to close is answered 503', async () => {
  await setUp();
  const { session } = test.add({ close: () => Promise.reject(new Error('the transport would not close')) });
  const response = await order('/connection/terminate', { sessionId: session.id });
  expect([response.statusCode, response.json().pods]).toMatchObject([503, [{ pod: 'pod-0', matched: 1 }]]);
});

it('a failure of this pod is a 503 that can be retried, and its reason is logged', async () => {
  await setUp();
  test.add({ close: () => Promise.reject(new Error('the transport would not close')) });
  const response = await order('/stream/terminate', {});
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
  expect(lines).toMatchObject([
    {
      status: 503,
      matched: 1,
      failed: [{ pod: 'pod-0', error: '1 of 1 streams could not be closed' }],
    },
  ]);
});

it('a caller without a valid token gets 401 and is not logged', async () => {
  await setUp();
  test.add();
  expect((await order('/stream/terminate', {}, 'wrong')).statusCode).toBe(401);
  expect(lines).toEqual([]);
  expect(test.registry.size).toBe(1);
});
