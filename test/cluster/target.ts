import { down, loadOnAllNodes, up } from './cluster.ts';
import { run } from './commands.ts';
import { ClusterBusyError } from './exclusive.ts';
import { type Image, sluiceImages } from './images.ts';
import { KUBECONFIG, nodeAddress, SETTINGS } from './settings.ts';

type Say = (text: string) => void;

/** The cluster that tests and the demo run on: `CLUSTER=embedded` (default), `kind` or `context`. */
export type Target = {
  readonly kind: 'embedded' | 'kind' | 'context';
  readonly kubeconfig: string;
  /** Address of a node on which the ingress controller listens. */
  readonly ingress: string;
  /** IngressClass of the ingress controller. */
  readonly ingressClass: string;
  /** Address of this machine as pods see it: where a test's backend listens. */
  readonly machine: string;
  /** Name of the Sluice image, which is already on the nodes. */
  readonly image: string;
  /** Takes down what this process started for the target. */
  readonly release: () => Promise<void>;
};

const KIND_NAME = 'sluice';

/** Starts the cluster if needed and loads the images. `release` does not take down a cluster that was already up. */
export async function openTarget(say: Say): Promise<Target> {
  const kind = process.env['CLUSTER'] ?? 'embedded';
  if (kind === 'embedded') return openEmbedded(say);
  if (kind === 'kind') return openKind(say);
  if (kind === 'context') return openContext();
  throw new Error(`CLUSTER: must be embedded, kind or context, got ${kind}`);
}

async function openEmbedded(say: Say): Promise<Target> {
  const images = await sluiceImages(say);
  const isOurs = await startUnlessUp(say);
  const release = async (): Promise<void> => {
    if (isOurs) await down(say);
  };
  try {
    for (const image of Object.values(images)) await loadOnAllNodes(image);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    kind: 'embedded',
    kubeconfig: KUBECONFIG,
    ingress: nodeAddress(1).ipv4,
    ingressClass: 'traefik',
    machine: SETTINGS.machine.ipv4,
    image: images.sluice.name,
    release,
  };
}

/** True if this process started the cluster. A start that fails leaves nothing behind. */
async function startUnlessUp(say: Say): Promise<boolean> {
  try {
    return await up(2, say);
  } catch (error) {
    if (!(error instanceof ClusterBusyError)) await down(say);
    throw error;
  }
}

/** kind with Docker or Podman. Any ingress controller on the node works; `INGRESS_CLASS` names it (default nginx). */
async function openKind(say: Say): Promise<Target> {
  const clusters = (await run('kind', ['get', 'clusters'])).split('\n');
  const wasUp = clusters.includes(KIND_NAME);
  const { sluice, sources } = await sluiceImages(say);
  if (!wasUp) await run('kind', ['create', 'cluster', '--name', KIND_NAME, '--wait', '120s'], { timeoutMs: 300_000 });
  for (const { archive } of [sluice, sources]) {
    await run('kind', ['load', 'image-archive', archive, '--name', KIND_NAME], { timeoutMs: 300_000 });
  }
  const kubeconfig = `${SETTINGS.folder}.kind`;
  await run('kind', ['export', 'kubeconfig', '--name', KIND_NAME, '--kubeconfig', kubeconfig]);
  return {
    ...(await reached(kubeconfig, sluice)),
    kind: 'kind',
    release: async () => {
      if (!wasUp) await run('kind', ['delete', 'cluster', '--name', KIND_NAME]);
    },
  };
}

/**
 * Uses the cluster of the current kubectl context. `SLUICE_IMAGE` names an image that its nodes can pull; the image of the
 * container `sources` has the same name with `-sources`.
 */
async function openContext(): Promise<Target> {
  const name = process.env['SLUICE_IMAGE'];
  if (!name) throw new Error('CLUSTER=context: SLUICE_IMAGE must name an image that the cluster can pull');
  const kubeconfig = process.env['KUBECONFIG'] ?? '';
  return { ...(await reached(kubeconfig, { name, archive: '' })), kind: 'context', release: async () => undefined };
}

/** Facts about a foreign cluster. The environment can set them: INGRESS_ADDRESS, INGRESS_CLASS, MACHINE_ADDRESS. */
async function reached(kubeconfig: string, { name }: Image): Promise<Omit<Target, 'kind' | 'release'>> {
  const path = 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const env = kubeconfig === '' ? {} : { KUBECONFIG: kubeconfig };
  const nodeIp = await run('kubectl', ['get', 'nodes', '-o', path], { env });
  const machine = process.env['MACHINE_ADDRESS'] ?? (await addressTowards(nodeIp));
  const ingress = process.env['INGRESS_ADDRESS'] ?? nodeIp;
  return { kubeconfig, ingress, ingressClass: process.env['INGRESS_CLASS'] ?? 'nginx', machine, image: name };
}

async function addressTowards(address: string): Promise<string> {
  const route = await run('ip', ['-o', 'route', 'get', address]);
  return /\bsrc (\S+)/.exec(route)?.[1] ?? '127.0.0.1';
}
