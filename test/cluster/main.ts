// Command line of the embedded cluster: up [NODES], down, status, kubeconfig, images.

import { stat } from 'node:fs/promises';
import { down, loadOnAllNodes, status, up } from './cluster.ts';
import { ClusterBusyError } from './exclusive.ts';
import { sluiceImages } from './images.ts';
import { KUBECONFIG } from './settings.ts';

const say = (text: string): void => console.log(`cluster: ${text}`);
const [command = 'status', nodes = '2'] = process.argv.slice(2);

try {
  if (command === 'up') await upWithImage(nodeCount(nodes));
  else if (command === 'down') await down(say);
  else if (command === 'status') await status(say);
  else if (command === 'kubeconfig') console.log(KUBECONFIG);
  else if (command === 'images') await images();
  else throw new Error(`the command must be up, down, status, kubeconfig or images, got ${command}`);
} catch (error) {
  console.error(`cluster: ${(error as Error).message}`);
  process.exitCode = error instanceof ClusterBusyError ? ClusterBusyError.exitCode : 1;
}

/** Starts the cluster and loads the image, so the chart can be installed. */
async function upWithImage(nodeCount: number): Promise<void> {
  await up(nodeCount, say);
  for (const image of Object.values(await sluiceImages(say))) {
    await loadOnAllNodes(image);
    say(`the image of this tree is on all nodes, as ${image.alias}`);
  }
}

async function images(): Promise<void> {
  for (const { archive, name } of Object.values(await sluiceImages(say))) {
    say(`${name}, ${Math.round((await stat(archive)).size / 1e6)} MB: ${archive}`);
  }
}

function nodeCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 200) return count;
  throw new Error(`NODES: must be a number from 1 to 200, got ${text}`);
}
