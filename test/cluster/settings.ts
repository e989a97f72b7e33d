import { homedir } from 'node:os';
import { join } from 'node:path';
import { ANY, anyAddress } from '../../process/addresses.ts';

const cache = process.env['SLUICE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');

/** The same of each address family: the cluster is dual-stack where the machine has IPv6. */
export type Both = { readonly ipv4: string; readonly ipv6: string };

export const hasIPv6 = anyAddress() === ANY;

/** Of the families that the cluster has. The first is that of a Service that asks for none. */
export const families = ({ ipv4, ipv6 }: Both): string[] => (hasIPv6 ? [ipv4, ipv6] : [ipv4]);

/** As Kubernetes' settings have them. */
export const joined = (both: Both): string => families(both).join(',');

/** What the embedded cluster is called on this machine, and where it keeps things. Nothing else is touched. */
export const SETTINGS = {
  /** Everything of the running cluster: keys, logs, disks of the hosts, what must be restored. Gone after `down`. */
  folder: process.env['SLUICE_CLUSTER'] ?? join(cache, 'cluster-state'),
  /** Image archives, by hash of what they are made of. */
  images: join(cache, 'images'),
  bridge: 'sluice0',
  /** This machine as hosts and pods see it. The bridge has no other way out: nothing listens beyond this machine. */
  machine: { ipv4: '10.213.0.1', ipv6: 'fd00:10:213::1' },
  prefixLength: { ipv4: 24, ipv6: 64 },
  controlPlane: { ipv4: '10.213.0.10', ipv6: 'fd00:10:213::10' },
  podNetwork: { ipv4: '10.214.0.0/16', ipv6: 'fd00:10:214::/48' },
  serviceNetwork: { ipv4: '10.215.0.0/16', ipv6: 'fd00:10:215::/112' },
  clusterDns: '10.215.0.10',
  clusterDomain: 'cluster.local',
  kubernetesVersion: 'v1.37.2',
  /** First part of the names of cgroups and network devices. */
  prefix: 'sluice',
} as const;

/** Name of the control plane's host; nodes are `node-1`, `node-2`, … */
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

/** Folder of the cluster's programs; set-up names it. */
export function programs(): string {
  const folder = process.env['SLUICE_CLUSTER_BIN'];
  if (folder) return folder;
  throw new Error('SLUICE_CLUSTER_BIN: names no folder; run this by make, or by scripts/run.sh --with cluster');
}

/** Traefik; set-up names its folder. */
export function ingressController(): string {
  const folder = process.env['SLUICE_INGRESS_BIN'];
  if (folder) return join(folder, 'traefik');
  throw new Error('SLUICE_INGRESS_BIN: names no folder; run this by make, or by scripts/run.sh --with cluster');
}

/** Folder of the Gateway API's definitions; set-up names it. */
export function definitions(): string {
  const folder = process.env['SLUICE_CRDS'];
  if (folder) return join(folder, 'gateway');
  throw new Error('SLUICE_CRDS: names no folder; run this by make, or by scripts/run.sh --with cluster');
}

export const program = (name: string): string => join(programs(), name);
export const KUBECONFIG = join(SETTINGS.folder, 'kubeconfig');
