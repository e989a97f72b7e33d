import { homedir } from 'node:os';
import { join } from 'node:path';
import { ANY, anyAddress } from '../../process/addresses.ts';

const cache = process.env['SLUICE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');

/** One value per address family. The cluster is dual-stack if the machine has IPv6. */
export type Both = { readonly ipv4: string; readonly ipv6: string };

export const hasIPv6 = anyAddress() === ANY;

/** The values of the families that the cluster has. The first is the default family of a Service. */
export const families = ({ ipv4, ipv6 }: Both): string[] => (hasIPv6 ? [ipv4, ipv6] : [ipv4]);

/** The values separated by a comma, as Kubernetes options take them. */
export const joined = (both: Both): string => families(both).join(',');

/** Names, addresses and folders that the embedded cluster uses on this machine. It touches nothing else. */
export const SETTINGS = {
  /** State of the running cluster: keys, logs, disks of the hosts, settings to restore. `down` removes it. */
  folder: process.env['SLUICE_CLUSTER'] ?? join(cache, 'cluster-state'),
  /** Image archives, named by the hash of their sources. */
  images: join(cache, 'images'),
  bridge: 'sluice0',
  /** Address of this machine on the bridge. Hosts and pods can reach only this machine, not the network beyond it. */
  machine: { ipv4: '10.213.0.1', ipv6: 'fd00:10:213::1' },
  prefixLength: { ipv4: 24, ipv6: 64 },
  controlPlane: { ipv4: '10.213.0.10', ipv6: 'fd00:10:213::10' },
  podNetwork: { ipv4: '10.214.0.0/16', ipv6: 'fd00:10:214::/48' },
  serviceNetwork: { ipv4: '10.215.0.0/16', ipv6: 'fd00:10:215::/112' },
  clusterDns: '10.215.0.10',
  clusterDomain: 'cluster.local',
  kubernetesVersion: 'v1.37.2',
  /** Prefix of the names of cgroups and network devices. */
  prefix: 'sluice',
} as const;

/** Name of the control plane's host. Nodes are called `node-1`, `node-2`, … */
export const CONTROL_PLANE = 'control-plane';

export const nodeName = (index: number): string => `node-${index}`;
export const nodeAddress = (index: number): Both => ({
  ipv4: `10.213.0.${20 + index}`,
  ipv6: `fd00:10:213::${20 + index}`,
});
export const nodePods = (index: number): Both => ({
  ipv4: `10.214.${index}.0/24`,
  ipv6: `fd00:10:214:${index}::/64`,
});

/** Folder of the cluster's programs, set by scripts/cluster.sh. */
export function programs(): string {
  const folder = process.env['SLUICE_CLUSTER_BIN'];
  if (folder) return folder;
  throw new Error('SLUICE_CLUSTER_BIN must be set; run this with make, or with scripts/run.sh --with cluster');
}

/** Path of Traefik, whose folder scripts/cluster.sh sets. */
export function ingressController(): string {
  const folder = process.env['SLUICE_INGRESS_BIN'];
  if (folder) return join(folder, 'traefik');
  throw new Error('SLUICE_INGRESS_BIN must be set; run this with make, or with scripts/run.sh --with cluster');
}

/** Folder of the CRDs of the Gateway API, set by scripts/crds.sh. */
export function definitions(): string {
  const folder = process.env['SLUICE_CRDS'];
  if (folder) return join(folder, 'gateway');
  throw new Error('SLUICE_CRDS must be set; run this with make, or with scripts/run.sh --with cluster');
}

export const program = (name: string): string => join(programs(), name);
export const KUBECONFIG = join(SETTINGS.folder, 'kubeconfig');
