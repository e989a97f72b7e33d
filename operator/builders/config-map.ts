import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, configMapName, type Parent } from './common.ts';

/** Which rendered config this is: the counter grows with each, the hash is that of config and assets. */
export type ConfigVersion = { readonly counter: number; readonly hash: string };

/** Name of the file with the addresses of nodes, by their names. */
export const ANNOUNCED_FILE = 'announced.json';

/** What a starting pod reads; with the addresses of nodes when these are what clients are told. */
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
