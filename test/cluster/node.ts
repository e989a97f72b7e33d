import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../harness/wait.ts';
import { cgroupOf, isUnified, makeCgroups, removeCgroupsOf } from './cgroups.ts';
import { attempt, run } from './commands.ts';
import { CLUSTER_CA, controlPlane, KUBE_PROXY_CONFIG, makeKubeconfig } from './control-plane.ts';
import { Host } from './host.ts';
import type { Image } from './images.ts';
import {
  type Both,
  families,
  joined,
  KUBECONFIG,
  nodeAddress,
  nodeName,
  nodePods,
  program,
  SETTINGS,
} from './settings.ts';

export const PAUSE_IMAGE = 'localhost/pause:1';

export const node = (index: number): Host => new Host(nodeName(index), nodeAddress(index));

/** Starts a node of the cluster, or restarts a killed one, whose disk was kept. */
export async function startNode(index: number, count: number): Promise<void> {
  const host = node(index);
  await host.start();
  await connect(index, count);
  await removeCgroupsOf(host.name);
  await makeCgroups(host.name);
  await writeConfig(index, host);
  await host.launch('containerd', ['-c', join(host.folder, 'containerd.toml')]);
  await until(`containerd on ${host.name}`, () => answers(host), { timeoutMs: 30_000 });
}

/** Starts the kubelet. Images must be loaded before, since the kubelet starts pods at once. */
export async function startKubelet(index: number): Promise<void> {
  const host = node(index);
  await host.launch('kubelet', [
    `--config=${join(host.folder, 'kubelet.yaml')}`,
    `--kubeconfig=${join(host.folder, 'kubelet.conf')}`,
    '--root-dir=/var/lib/kubelet',
    '--cert-dir=/var/lib/kubelet/pki',
    `--hostname-override=${host.name}`,
    `--node-ip=${joined(host.address)}`,
  ]);
  await host.launch('kube-proxy', [
    `--kubeconfig=${KUBE_PROXY_CONFIG}`,
    '--proxy-mode=nftables',
    `--cluster-cidr=${joined(SETTINGS.podNetwork)}`,
    `--hostname-override=${host.name}`,
    `--bind-address=${host.address.ipv4}`,
    // The connection tracking limit belongs to the machine.
    '--conntrack-max-per-core=0',
  ]);
  await until(`${host.name} is Ready`, () => isReady(host.name), { timeoutMs: 60_000, everyMs: 200 });
}

/** Restarts the kubelet of a node. Its pods keep running. */
export async function restartKubelet(index: number): Promise<void> {
  for (const name of ['kubelet', 'kube-proxy']) await node(index).end(name);
  await startKubelet(index);
}

/** Loads an image unless containerd already has it. */
export async function loadImage(index: number, { alias, archive, name }: Image): Promise<void> {
  const images = (...args: string[]): Promise<string> =>
    node(index).run(program('ctr'), ['-n', 'k8s.io', 'images', ...args]);
  const known = await images('list', '--quiet', `name==${name}`);
  if (known.trim() === '') await images('import', '--local', archive);
  if (alias) await images('tag', '--force', name, alias);
}

async function answers(host: Host): Promise<boolean> {
  return host.run(program('ctr'), ['version']).then(
    () => true,
    () => false,
  );
}

export async function isReady(name: string): Promise<boolean> {
  const path = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`;
  return (await attempt(program('kubectl'), ['--kubeconfig', KUBECONFIG, 'get', 'node', name, '-o', path])) === 'True';
}

/** Adds routes, so that pods can be reached from all nodes, from the control plane and from this machine. */
async function connect(index: number, count: number): Promise<void> {
  const host = node(index);
  const toPods = routes(nodePods(index), host.address);
  for (const route of toPods) {
    await run('ip', route);
    await controlPlane().run('ip', route);
  }
  for (let other = 1; other <= count; other++) {
    if (other === index) continue;
    for (const route of routes(nodePods(other), nodeAddress(other))) await host.run('ip', route);
  }
}

function routes(to: Both, via: Both): string[][] {
  const [addresses, gateways] = [families(to), families(via)];
  return addresses.map((address, index) => ['route', 'replace', address, 'via', gateways[index] ?? '']);
}

async function writeConfig(index: number, host: Host): Promise<void> {
  const inFolder = (name: string): string => join(host.folder, name);
  await mkdir(inFolder('cni'), { recursive: true });
  await writeFile(inFolder('cni/10-bridge.conflist'), JSON.stringify(podNetwork(index), null, 2));
  await writeFile(inFolder('containerd.toml'), containerdConfig(inFolder('cni')));
  await writeFile(inFolder('resolv.conf'), `nameserver ${SETTINGS.clusterDns}\n`);
  await writeFile(inFolder('kubelet.yaml'), stringify(kubeletConfig(host)));
  await makeKubeconfig(`system:node:${host.name}`, inFolder('kubelet.conf'), 'system:nodes');
}

function podNetwork(index: number): object {
  const ipam = {
    type: 'host-local',
    dataDir: '/var/lib/cni/ipam',
    ranges: families(nodePods(index)).map((subnet) => [{ subnet }]),
    routes: families({ ipv4: '0.0.0.0/0', ipv6: '::/0' }).map((dst) => ({ dst })),
  };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  const portmap = { type: 'portmap', capabilities: { portMappings: true }, snat: true };
  return { cniVersion: '1.0.0', name: 'bridge', plugins: [bridge, portmap] };
}

function containerdConfig(cni: string): string {
  const plugin = 'plugins."io.containerd.cri.v1';
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[${plugin}.images"]
  [${plugin}.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"
[${plugin}.runtime"]
  # Without CAP_SYS_RESOURCE a sandbox cannot lower its OOM score.
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  [${plugin}.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [${plugin}.runtime".containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
      SystemdCgroup = false
  [${plugin}.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${cni}"
`;
}

function kubeletConfig(host: Host): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupOf(host.name)}`,
    ...(isUnified() ? {} : { failCgroupV1: false }),
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    resolvConf: join(host.folder, 'resolv.conf'),
    clusterDNS: [SETTINGS.clusterDns],
    clusterDomain: SETTINGS.clusterDomain,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: CLUSTER_CA } },
    authorization: { mode: 'Webhook' },
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    nodeStatusUpdateFrequency: '2s',
    nodeLeaseDurationSeconds: 8,
    // Volumes of ConfigMaps and Secrets are updated within this time.
    syncFrequency: '10s',
    serializeImagePulls: false,
    maxParallelImagePulls: 2,
  };
}
