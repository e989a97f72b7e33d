import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INTERNAL_PORT } from '../../crds/schema/media-server.ts';
import { toYaml } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function write(spec: object, documents: readonly object[] = []): Promise<void> {
  const server = { apiVersion: 'sluice.dev/v1alpha1', kind: 'MediaServer', metadata: { name: 'live' }, spec };
  return writeFile(join(folder, 'server.yaml'), toYaml([server, ...documents]));
}

async function start(...options: readonly string[]): Promise<RunningProcess> {
  const args = ['media-server/main.ts', '--resources', folder, '--listen-address', '127.0.0.1'];
  return startProcess(process.execPath, [...args, '--ops-port', String(await freePort()), ...options]);
}

/** Starts a media server that cannot run, and returns its exit code and output. */
async function refused(
  spec: object,
  documents: readonly object[] = [],
): Promise<{ code: number | null; said: string }> {
  await write(spec, documents);
  const run = await start();
  const code = await run.exited;
  return { code, said: run.lines.filter((line) => !line.startsWith('{')).join('\n') };
}

describe('a media server that starts', () => {
  it('applies an edit that was made during its start', async () => {
    const spec = { rest: { http: { port: await freePort() } }, media: { port: await freePort() } };
    await write(spec);
    const run = await start();
    const logged = (text: string) => () => run.lines.some((line) => line.includes(text));
    try {
      await until('the config has been read', logged('starting mediasoup'), { everyMs: 1 });
      await write({ ...spec, limits: { publications: 1 } });
      await until('the edit is taken over', logged('the new config is running'));
    } finally {
      await run.stop('SIGINT');
    }
  });
});

describe('a media server that cannot start', () => {
  it('names the setting whose port is in use, without a stack trace', async () => {
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

  it('opens the port for the operator before the public ports', async () => {
    const host = '127.0.0.2';
    const port = await freePort();
    const holders = [INTERNAL_PORT, port].map((each) => createServer().listen(each, host));
    try {
      await write({ rest: { http: { port } }, media: { port: await freePort() } });
      await writeFile(join(folder, 'fleet.key'), '');
      const run = await start('--fleet-key', join(folder, 'fleet.key'), '--listen-address', host);
      expect(await run.exited).toBe(1);
      expect(run.lines).toContain(`spec.internal.port: cannot listen on ${host}:${INTERNAL_PORT}: the port is in use`);
    } finally {
      for (const holder of holders) holder.close();
    }
  });

  it('names the invalid field', async () => {
    expect(await refused({ keepAlive: { interval: '100ms' } })).toEqual({
      code: 1,
      said:
        'server.yaml: MediaServer "live": spec.keepAlive.interval: must be a duration such as 10s or 1m30s, ' +
        'from 1s to 24h, got "100ms"',
    });
  });

  it('names the certificate that cannot be used, without a stack trace', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls' } };
    const https = { port: await freePort(), certificateRef: { name: 'tls' } };
    const spec = { rest: { http: { port: await freePort() }, https }, media: { port: await freePort() } };
    const stringData = { 'tls.crt': 'no certificate', 'tls.key': 'no key' };
    const { code, said } = await refused(spec, [{ ...secret, stringData }]);
    expect(code).toBe(1);
    expect(said).toMatch(/^spec\.rest\.https\.certificateRef: the certificate and key cannot be used: [^\n]+$/);
  });

  it.each(['media-server', 'operator'])('prints the options of the %s on request', async (program) => {
    const run = startProcess(process.execPath, [`${program}/main.ts`, '--help']);
    expect(await run.exited).toBe(0);
    expect(run.lines[0]).toMatch(new RegExp(`^usage: ${program} `));
  });

  it('reports a missing kubeconfig of the operator, without a stack trace', async () => {
    const env = { KUBECONFIG: join(folder, 'missing') };
    const run = startProcess(
      process.execPath,
      ['operator/main.ts', '--image', 'x', '--port', String(await freePort())],
      {
        env,
      },
    );
    expect(await run.exited).toBe(2);
    expect(run.lines[0]).toMatch(/^cannot find a cluster: .*missing/);
    expect(run.lines.join('\n')).not.toContain('    at ');
  });

  it('names an option that is misspelt, in one line', async () => {
    const run = startProcess(process.execPath, ['media-server/main.ts', '--resource', folder]);
    expect(await run.exited).toBe(2);
    expect(run.lines).toEqual([expect.stringMatching(/^Unknown option '--resource'.* \(--help lists the options\)$/)]);
  });
});
