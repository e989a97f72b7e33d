import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeAllCgroups } from './cgroups.ts';
import { attempt, run } from './commands.ts';
import { controlPlane, makeKeys, restartControllers, startControlPlane } from './control-plane.ts';
import { exclusively } from './exclusive.ts';
import { Host } from './host.ts';
import { clusterImages, type Image } from './images.ts';
import { isReady, loadImage, node, restartKubelet, startKubelet, startNode } from './node.ts';
import { definitions, hasIPv6, joined, KUBECONFIG, program, programs, SETTINGS } from './settings.ts';
import { restoreSysctls, saveSysctls } from './sysctls.ts';

type Say = (text: string) => void;
type Described = { readonly nodes: number };

const DESCRIPTION = join(SETTINGS.folder, 'cluster.json');
const MANIFESTS = join(import.meta.dirname, 'manifests');

/**
 * Starts a cluster with this number of nodes, unless one is up. Returns true if it was started here. Leftovers of an
 * interrupted start are taken down first.
 */
export const up = (nodes: number, say: Say): Promise<boolean> =>
  exclusively(async () => {
    if (await isUp()) {
      say('the cluster is already up');
      return false;
    }
    await start(nodes, say);
    return true;
  });

async function start(nodes: number, say: Say): Promise<void> {
  requireRoot();
  await takeDown();
  await requireRoom();
  const started = performance.now();
  const images = await clusterImages();
  say(`starting Kubernetes ${SETTINGS.kubernetesVersion}: a control plane and ${nodes} nodes (half a minute)`);
  await mkdir(SETTINGS.folder, { recursive: true, mode: 0o700 });
  await writeFile(DESCRIPTION, JSON.stringify({ nodes } satisfies Described));
  await saveSysctls();
  await makeBridge();
  await makeKeys();
  await startControlPlane();
  await Promise.all(indices(nodes).map((index) => bringUp(index, nodes, images)));
  // CRDs first, then objects of their kinds.
  for (const folder of [definitions(), MANIFESTS]) {
    await run(program('kubectl'), ['--kubeconfig', KUBECONFIG, 'apply', '--server-side', '-f', folder]);
  }
  for (const target of ['deployment/coredns', 'daemonset/traefik']) await rolledOut('kube-system', target);
  say(`the cluster is up after ${Math.round((performance.now() - started) / 1000)} s`);
}

async function bringUp(index: number, nodes: number, images: readonly Image[]): Promise<void> {
  await startNode(index, nodes);
  for (const image of images) await loadImage(index, image);
  await startKubelet(index);
}

/** Restarts a node that was killed. */
export async function restartNode(index: number): Promise<void> {
  const { nodes } = await described();
  await startNode(index, nodes);
  await startKubelet(index);
}

/**
 * Restarts everything that watches the API server after the API server was down. Watchers reconnect on their own, but
 * take up to a minute. Pods keep running.
 */
export async function restartWatchers(): Promise<void> {
  const { nodes } = await described();
  await restartControllers();
  await Promise.all(indices(nodes).map(restartKubelet));
  const ours = ['deployment/coredns', 'daemonset/traefik'];
  await run(program('kubectl'), ['--kubeconfig', KUBECONFIG, '-n', 'kube-system', 'rollout', 'restart', ...ours]);
  for (const target of ours) await rolledOut('kube-system', target);
}

/** Waits until a Deployment or DaemonSet is rolled out. */
export async function rolledOut(namespace: string, target: string): Promise<void> {
  const args = ['-n', namespace, 'rollout', 'status', target, '--timeout=120s'];
  await run(program('kubectl'), ['--kubeconfig', KUBECONFIG, ...args], { timeoutMs: 130_000 });
}

/** Loads an image on all nodes. */
export async function loadOnAllNodes(image: Image): Promise<void> {
  const { nodes } = await described();
  await Promise.all(indices(nodes).map((index) => loadImage(index, image)));
}

/**
 * Removes what `up` created, in any state: incomplete, killed, or left over from before a reboot. Ends a process only
 * if its start time and boot match the recorded ones.
 */
export const down = (say: Say): Promise<void> =>
  exclusively(async () => {
    if (!existsSync(SETTINGS.folder)) {
      say('no cluster found');
      return;
    }
    requireRoot();
    await takeDown();
    say('the cluster is down, and everything is removed');
  });

async function takeDown(): Promise<void> {
  if (!existsSync(SETTINGS.folder)) return;
  for (const host of await knownHosts()) await host.kill();
  await removeAllCgroups();
  await restoreSysctls();
  await attempt('ip', ['link', 'delete', SETTINGS.bridge]);
  await rm(SETTINGS.folder, { recursive: true, force: true });
}

/** Prints one line per host. */
export async function status(say: Say): Promise<void> {
  if (!existsSync(DESCRIPTION)) {
    say('no cluster found; `make cluster` starts one');
    return;
  }
  const { nodes } = await described();
  say(`control plane ${joined(SETTINGS.controlPlane)}: ${(await controlPlane().isUp()) ? 'up' : 'down'}`);
  for (const host of indices(nodes).map(node)) {
    const state = (await host.isUp()) ? ((await isReady(host.name)) ? 'Ready' : 'up, not Ready') : 'down';
    say(`${host.name} ${joined(host.address)}: ${state}`);
  }
  say(`export KUBECONFIG=${KUBECONFIG} PATH=${programs()}:$PATH`);
}

export async function isUp(): Promise<boolean> {
  if (!existsSync(DESCRIPTION)) return false;
  const { nodes } = await described();
  const hosts = [controlPlane(), ...indices(nodes).map(node)];
  const states = await Promise.all(hosts.map((host) => host.isUp()));
  return states.every(Boolean) && (await isReady(node(nodes).name));
}

async function described(): Promise<Described> {
  return JSON.parse(await readFile(DESCRIPTION, 'utf8'));
}

const indices = (nodes: number): number[] => Array.from({ length: nodes }, (_, index) => index + 1);

/** Finds hosts by their folders, which an interrupted start leaves too. */
async function knownHosts(): Promise<Host[]> {
  const folders = await readdir(SETTINGS.folder, { withFileTypes: true });
  const files = folders.filter(
    (entry) => entry.isDirectory() && existsSync(join(SETTINGS.folder, entry.name, 'address')),
  );
  return Promise.all(
    files.map(async ({ name }) => {
      const [ipv4 = '', ipv6 = ''] = (await readFile(join(SETTINGS.folder, name, 'address'), 'utf8')).split(' ');
      return new Host(name, { ipv4, ipv6 });
    }),
  );
}

async function makeBridge(): Promise<void> {
  const { bridge, machine, prefixLength } = SETTINGS;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['addr', 'add', `${machine.ipv4}/${prefixLength.ipv4}`, 'dev', bridge]);
  if (hasIPv6) await run('ip', ['addr', 'add', `${machine.ipv6}/${prefixLength.ipv6}`, 'dev', bridge, 'nodad']);
  await run('ip', ['link', 'set', bridge, 'up']);
}

/** Throws if a cluster of another folder is up, since both would use the same bridge and cgroups. */
async function requireRoom(): Promise<void> {
  const { bridge, folder } = SETTINGS;
  if ((await attempt('ip', ['link', 'show', bridge])) === null) return;
  throw new Error(`the bridge ${bridge} already exists and does not belong to the cluster in ${folder}`);
}

function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new Error(
      'the embedded cluster needs root (namespaces, cgroups, a bridge); CLUSTER=kind and CLUSTER=context do not',
    );
  }
}
