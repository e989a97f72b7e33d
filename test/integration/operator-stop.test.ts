import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mediaServerObject } from '../builders/sluice-objects.ts';
import { freePort } from '../harness/ports.ts';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases';
let server: Server;
let folder: string;
let holders: string[];
let hanging: number;

/** An API server with one MediaServer that answers no writes except those of the Lease. */
beforeEach(async () => {
  [holders, hanging] = [[], 0];
  let lease: object | null = null;
  server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    const answer = (status: number, body: object): void => void response.writeHead(status).end(JSON.stringify(body));
    if (pathname.startsWith(LEASES)) {
      if (request.method === 'GET') return answer(lease ? 200 : 404, lease ?? {});
      const written = JSON.parse(await text(request));
      holders.push(written.spec.holderIdentity);
      lease = { ...written, metadata: { ...written.metadata, resourceVersion: String(holders.length) } };
      return answer(200, lease ?? {});
    }
    if (request.method !== 'GET') return void hanging++;
    if (searchParams.has('watch')) return response.flushHeaders();
    const items = pathname.endsWith('/mediaservers') ? [mediaServerObject()] : [];
    answer(searchParams.has('limit') ? 200 : 404, { items, metadata: { resourceVersion: '1' } });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'sluice-operator-stop-'));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

it('an operator releases its Lease, even while the API server does not answer its writes', async () => {
  const { port } = server.address() as AddressInfo;
  const named = (name: string, fields: object) => [{ name, ...fields }];
  const kubeconfig = {
    clusters: named('a', { cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }),
    users: named('a', { user: {} }),
    contexts: named('a', { context: { cluster: 'a', user: 'a' } }),
    'current-context': 'a',
  };
  const file = join(folder, 'kubeconfig');
  await writeFile(file, JSON.stringify(kubeconfig));
  const where = ['--image', 'a:1', '--listen-address', '127.0.0.1', '--port', String(await freePort())];
  const running = startProcess(process.execPath, ['operator/main.ts', ...where], {
    env: { KUBECONFIG: file },
    graceMs: 20_000,
  });
  await until('it writes', () => hanging > 0, { timeoutMs: 15_000 });
  expect(holders.at(-1)).not.toBe('');
  const from = performance.now();
  await running.stop('SIGTERM');
  expect(performance.now() - from).toBeLessThan(10_000);
  expect(running.child.exitCode).toBe(0);
  expect(holders.at(-1)).toBe('');
});
