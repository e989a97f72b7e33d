import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';

const KUBECONFIG = stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'n' } }],
  'current-context': 'x',
});

/** Loads the client in its own process. Prints what it reads from the kubeconfig and how many model files it loads. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  let models = 0;
  const count = (url) => { if (url.includes('/gen/models/')) models++; };
  registerHooks({ load: (url, context, next) => { count(url); return next(url, context); } });
  const { connect } = await import('./operator/kube/client.ts');
  const { headers, namespace, server } = await connect();
  console.log(JSON.stringify({ server, namespace, ...(await headers()), models }));
  process.exit(0);`;

function run(folder: string, ...preload: string[]): unknown {
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, KUBECONFIG);
  const args = [...preload, '--input-type=module', '-e', PROGRAM];
  return JSON.parse(
    execFileSync(process.execPath, args, { env: { ...process.env, KUBECONFIG: kubeconfig } }).toString(),
  );
}

it('authenticates as usual without loading any model', ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kubeconfig-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const found = { server: 'https://192.0.2.1:6443', namespace: 'n', Authorization: 'Bearer t', models: 0 };
  expect(run(folder, '--import', './operator/kube/without-models.ts')).toEqual(found);
  expect(run(folder)).toEqual({ ...found, models: expect.toSatisfy((count: number) => count > 500) });
});
