import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toYaml } from '../fixtures/harness/media-server.ts';
import { freePort } from '../fixtures/harness/ports.ts';
import { startProcess } from '../fixtures/harness/processes.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts a media server that cannot run; gives its exit code and what it said. */
async function refused(
  spec: object,
  documents: readonly object[] = [],
): Promise<{ code: number | null; said: string }> {
  const server = { apiVersion: 'sluice.dev/v1alpha1', kind: 'MediaServer', metadata: { name: 'live' }, spec };
  await writeFile(join(folder, 'server.yaml'), toYaml([server, ...documents]));
  const args = ['media-server/main.ts', '--resources', folder, '--listen-address', '127.0.0.1'];
  const run = startProcess(process.execPath, [...args, '--ops-port', String(await freePort())]);
  const code = await run.exited;
  return { code, said: run.lines.filter((line) => !line.startsWith('{')).join('\n') };
}

describe('a media server that cannot start', () => {
  it('says which setting has a port that is in use, without a stack', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    try {
      const http = { rest: { http: { port } }, media: { port: await freePort() } };
      expect(await refused(http)).toEqual({
        code: 1,
        said: `spec.rest.http.port: cannot listen on 127.0.0.1:${port}: the port is in use`,
      });
      const media = { rest: { http: { port: await freePort() } }, media: { port } };
      expect(await refused(media)).toEqual({
        code: 1,
        said: `spec.media.port: cannot listen for media on 127.0.0.1:${port} (UDP and TCP)`,
      });
    } finally {
      holder.close();
    }
  });

  it('says which field is wrong', async () => {
    expect(await refused({ keepAlive: { interval: '100ms' } })).toEqual({
      code: 1,
      said: 'server.yaml: MediaServer "live": spec.keepAlive.interval: expected at least 1s',
    });
  });

  it('says which secret cannot be used', async () => {
    const hook = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'RestHook',
      metadata: { name: 'backend' },
      spec: { url: 'http://b/x', auth: { type: 'standardWebhooks', secretRef: { name: 's' } } },
    };
    const app = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'StreamApp',
      metadata: { name: 'default' },
      spec: { appKey: 'a', mediaServerRef: { name: 'live' }, restHookRef: { name: 'backend' } },
    };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { k: '%%%' } };
    const spec = { rest: { http: { port: await freePort() } }, media: { port: await freePort() } };
    const { code, said } = await refused(spec, [hook, app, secret]);
    expect(code).toBe(1);
    expect(said).toContain('RestHook "backend": secret secret.s.k: expected base64');
  });

  it('prints its options when one is misspelt', async () => {
    const run = startProcess(process.execPath, ['media-server/main.ts', '--resource', folder]);
    expect(await run.exited).toBe(2);
    expect(run.lines.join('\n')).toContain('usage: media-server');
  });
});
