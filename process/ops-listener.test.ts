import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { logLines } from '../test/builders/log-lines.ts';
import { openOps, type ReadyCheck } from './ops-listener.ts';

let server: Server;
let logged: ReturnType<typeof logLines>;

beforeEach(() => {
  logged = logLines();
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

async function start(over: { checks?: () => ReadyCheck[]; metrics?: () => Promise<string> } = {}) {
  server = await openOps({
    log: logged.log,
    host: '127.0.0.1',
    port: 0,
    setting: '--ops-port',
    metrics: async () => 'sluice_draining 0\n',
    contentType: 'text/plain; version=0.0.4',
    checks: () => [],
    ...over,
  });
  const { port } = server.address() as AddressInfo;
  return async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } });
    return { status: response.status, body: await response.text(), headers: response.headers };
  };
}

it('/readyz says why it is not ready, and follows the state; /healthz does not', async () => {
  let reason: string | null = 'starting';
  const ask = await start({
    checks: () => [
      { name: 'one', fault: null },
      { name: 'two', fault: reason },
    ],
  });
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: 'starting\n' });
  expect(await ask('/healthz')).toMatchObject({ status: 200 });
  expect(await ask('/readyz?verbose')).toMatchObject({ status: 503, body: '[+]one ok\n[-]two failed: starting\n' });
  reason = null;
  expect(await ask('/readyz')).toMatchObject({ status: 200, body: 'ok\n' });
  expect(await ask('/readyz?verbose')).toMatchObject({ status: 200, body: '[+]one ok\n[+]two ok\n' });
  reason = 'draining';
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: 'draining\n' });
  expect(await ask('/healthz')).toMatchObject({ status: 200 });
});

it('/metrics has the content type of Prometheus, and is 500 if metrics cannot be collected', async () => {
  let broken = false;
  const ask = await start({ metrics: async () => (broken ? Promise.reject(new Error('x')) : 'sluice_draining 0\n') });
  const { body, headers, status } = await ask('/metrics');
  expect([status, body, headers.get('content-type')]).toEqual([
    200,
    'sluice_draining 0\n',
    'text/plain; version=0.0.4',
  ]);
  broken = true;
  expect(await ask('/metrics')).toMatchObject({ status: 500 });
  expect(logged.lines()).toMatchObject([{ level: 'error', err: { message: 'x' } }]);
});

it('other paths are 404, and other methods than GET and HEAD are 405', async () => {
  const ask = await start();
  expect((await ask('/rest-api/stream/find_all')).status).toBe(404);
  const posted = await ask('/metrics', 'POST');
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(await ask('/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

it('a port in use is an error that names the option', async () => {
  await start();
  const { port } = server.address() as AddressInfo;
  const second = openOps({
    log: logged.log,
    host: '127.0.0.1',
    port,
    setting: '--port',
    metrics: async () => '',
    contentType: 'text/plain',
    checks: () => [],
  });
  await expect(second).rejects.toThrow(`--port: cannot listen on 127.0.0.1:${port}: the port is in use`);
});
