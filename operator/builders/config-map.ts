import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, configMapName, type Parent } from './common.ts';

/** Identifies a rendered config. The counter grows with each; the hash covers config and assets. */
export type ConfigVersion = { readonly counter: number; readonly hash: string };

/** The name of the file that maps node names to addresses. */
export const ANNOUNCED_FILE = 'announced.json';

/** The config that a starting pod reads, with the node addresses if clients are told those. */
export function buildConfigMap(
  parent: Parent,
  config: ServerConfig,
  { counter, hash }: ConfigVersion,
  addresses: Readonly<Record<string, string>> | null = null,
): KubeObject {
  const announced = addresses ? { [ANNOUNCED_FILE]: JSON.stringify(addresses) } : {};
  const data = { 'config.json': JSON.stringify(config), version: `${counter} ${hash}`, ...announced };
  return child(TYPES.ConfigMap, parent, configMapName(parent), { data });
}

/** The addresses of nodes that a ConfigMap holds. */
export function addressesOf(configMap: KubeObject | null): Readonly<Record<string, string>> {
  const { [ANNOUNCED_FILE]: text = '{}' } = (configMap?.['data'] ?? {}) as { [ANNOUNCED_FILE]?: string };
  return JSON.parse(text);
}

/** The version that a ConfigMap holds; null when it holds none. */
export function versionOf(configMap: KubeObject | null): ConfigVersion | null {
  const { version } = (configMap?.['data'] ?? {}) as { version?: string };
  const match = /^(\d+) ([0-9a-f]+)$/.exec(version ?? '');
  return match ? { counter: Number(match[1]), hash: match[2] ?? '' } : null;
}
