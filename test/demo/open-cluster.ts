import { join } from 'node:path';
import { isUp } from '../cluster/cluster.ts';
import { ClusterBusyError } from '../cluster/exclusive.ts';
import { openTarget, type Target } from '../cluster/target.ts';
import { ExitError, runApart } from './apart.ts';
import type { Demo } from './demo.ts';

const CLUSTER = join(import.meta.dirname, '../cluster/main.ts');

/** Opens a cluster with the Sluice image on its nodes. `stays` = it is not taken down after the demo. */
export async function openCluster(demo: Demo): Promise<{ readonly target: Target; readonly stays: boolean }> {
  const isEmbedded = (process.env['CLUSTER'] ?? 'embedded') === 'embedded';
  const stays = isEmbedded ? await prepareEmbedded(demo) : true;
  const opening = openTarget((text) => console.log(`cluster: ${text}`));
  const release = (): Promise<void> => opening.then((target) => target.release()).catch(() => undefined);
  demo.removes('the started parts of the cluster', release);
  const target = await opening;
  demo.seen(`the cluster is up, with the image ${target.image} on its nodes`);
  return { target, stays };
}

/** Does what `make images` and `make cluster` do, in killable processes. Returns true if the cluster was already up. */
async function prepareEmbedded(demo: Demo): Promise<boolean> {
  const { signal } = demo;
  await runApart(process.execPath, [CLUSTER, 'images'], { signal });
  const wasUp = await isUp();
  // Another process may have started the cluster meanwhile.
  let isOurs = !wasUp;
  demo.removes('the cluster', async () => {
    if (isOurs) await runApart(process.execPath, [CLUSTER, 'down']);
  });
  await runApart(process.execPath, [CLUSTER, 'up'], { signal }).catch((error: unknown) => {
    if (error instanceof ExitError && error.code === ClusterBusyError.exitCode) isOurs = false;
    throw error;
  });
  return wasUp;
}
