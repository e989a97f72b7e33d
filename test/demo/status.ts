import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Kube } from '../harness/kube.ts';
import type { Demo } from './demo.ts';
import { NAMESPACE } from './examples.ts';
import { show } from './shown.ts';

const PLUGIN = 'operator/kubectl/kubectl-sluice.js';

/** Shows `kubectl sluice status`. Fails if it finds something wrong. */
export async function showStatus(demo: Demo, kube: Kube): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  demo.removes('the kubectl plugin', () => rm(path, { recursive: true }));
  // kubectl finds plugins by their names on the PATH.
  await symlink(resolve(PLUGIN), join(path, 'kubectl-sluice'));
  const args = ['sluice', 'status', '-n', NAMESPACE];
  show(`$ kubectl ${args.join(' ')}`);
  show(await kube.kubectl(args, { path }));
}
