import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HealthDeps, openHealth } from './health.ts';

let servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

async function open(over: Partial<HealthDeps> = {}): Promise<number> {
  const server = await openHealth({
    host: '127.0.0.1',
    port: 0,
    metrics: async () => 'workqueue_depth 0\n',
    contentType: 'text/plain; version=0.0.4',
    isReady: () => true,
    ...over,
  });
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

async function start(over: Partial<HealthDeps> = {}) {
  const port = await open(over);
  return async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } });
    return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
  };
}

const TEXT = 'text/plain; charset=utf-8';

describe('openHealth', () => {
  it('is alive from the start, and ready when everything has been listed', async () => {
    let isReady = false;
    const ask = await start({ isReady: () => isReady });
    expect(await ask('/readyz')).toEqual({ status: 503, body: 'not everything has been listed yet\n', type: TEXT });
    expect(await ask('/healthz')).toEqual({ status: 200, body: 'ok\n', type: TEXT });
    isReady = true;
    expect(await ask('/readyz?verbose')).toEqual({ status: 200, body: 'ok\n', type: TEXT });
  });

  it('has metrics with the content type of Prometheus', async () => {
    const ask = await start();
    expect(await ask('/metrics')).toEqual({
      status: 200,
      body: 'workqueue_depth 0\n',
      type: 'text/plain; version=0.0.4',
    });
  });

  it('goes on when metrics cannot be collected', async () => {
    const ask = await start({ metrics: () => Promise.reject(new Error('a gauge failed')) });
    expect(await ask('/metrics')).toEqual({ status: 500, body: 'metrics could not be collected\n', type: TEXT });
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
  });

  it('has nothing else, and takes nothing', async () => {
    const ask = await start();
    expect(await ask('/')).toEqual({
      status: 404,
      body: 'there are /metrics, /healthz and /readyz\n',
      type: TEXT,
    });
    expect(await ask('/metrics', 'POST')).toMatchObject({ status: 405 });
    expect(await ask('/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('fails when the port is taken', async () => {
    const port = await open();
    await expect(open({ port })).rejects.toThrow('EADDRINUSE');
  });
});
