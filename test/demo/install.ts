import { type Kube, SYSTEM } from '../harness/kube.ts';
import { runApart } from './apart.ts';
import type { Demo } from './demo.ts';
import { show, shown } from './shown.ts';

/** Installs the operator with Helm. An existing installation is used unchanged. */
export async function installSluice(demo: Demo, kube: Kube, stays: boolean): Promise<void> {
  if (await isInstalled(kube)) {
    demo.seen(`the Helm release sluice is already installed in ${SYSTEM}; it is used unchanged and kept`);
    return;
  }
  if (stays) await removeAtTheEnd(demo, kube);
  show(`$ helm upgrade --install sluice charts/sluice --namespace ${SYSTEM} --create-namespace --wait`);
  await kube.install();
  demo.seen('Helm has installed the operator, and it is ready');
  await shown(kube, '-n', SYSTEM, 'get', 'pods');
}

async function isInstalled(kube: Kube): Promise<boolean> {
  return (await kube.helm(['list', '-n', SYSTEM, '--filter', '^sluice$', '--short'])).trim() !== '';
}

/** The chart keeps CRDs after an uninstall, so that no resources are deleted with a release. */
async function removeAtTheEnd(demo: Demo, kube: Kube): Promise<void> {
  const { env } = kube;
  const namespace = await kube.kubectl(['get', 'namespace', SYSTEM, '--ignore-not-found', '--output=name']);
  demo.removes('the operator', async () => {
    console.log('Uninstalling the operator. The chart keeps its CRDs.');
    await runApart('helm', ['uninstall', 'sluice', '--namespace', SYSTEM, '--wait', '--ignore-not-found'], { env });
    if (namespace !== '') return;
    await runApart('kubectl', ['delete', 'namespace', SYSTEM, '--ignore-not-found', '--timeout=60s'], { env });
  });
}
