import type { ReloadMark } from '../../crds/schema/kit.ts';
import { type ConfigBundle, ServerConfig } from '../../crds/schema/server-config.ts';

/** A field that differs between two configs, and when the new value takes effect. */
export type Change = { readonly path: string; readonly mark: ReloadMark };

/** The field of the MediaServer behind a field of the config. */
export const specField = (path: string): string => `spec.${path.replace('httpPort', 'http.port')}`;

type Node = { readonly 'x-sluice-reload'?: ReloadMark; readonly properties?: Readonly<Record<string, Node>> };

/** The fields that differ, with the marks of the schema. A mark applies to everything below it. */
export function diffConfigs(before: ServerConfig, after: ServerConfig): Change[] {
  return diffNode(ServerConfig as Node, before, after, '');
}

function diffNode(node: Node, before: unknown, after: unknown, path: string): Change[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const mark = node['x-sluice-reload'];
  if (mark !== undefined) return [{ path, mark }];
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    diffNode(child, memberOf(before, name), memberOf(after, name), path === '' ? name : `${path}.${name}`),
  );
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The new config with the old values of fields that need a restart: a port stays, but its certificate can change. */
export function keepRestartFields(before: ServerConfig, after: ServerConfig): ServerConfig {
  return keptOf(ServerConfig as Node, before, after) as ServerConfig;
}

/** Fields keep the order of the old config, and so does the hash. */
function keptOf(node: Node, before: unknown, after: unknown): unknown {
  if (node['x-sluice-reload'] === 'restart') return before;
  if (!needsRestart(node)) return after;
  // An object that comes or goes takes its fields that need a restart with it.
  if (!isObject(before) || !isObject(after)) return before;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const kept = [...names].map((name) => [name, keptOf(node.properties?.[name] ?? {}, before[name], after[name])]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}

const needsRestart = (node: Node): boolean =>
  node['x-sluice-reload'] === 'restart' ||
  (node['x-sluice-reload'] === undefined && Object.values(node.properties ?? {}).some(needsRestart));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Names of the assets that were added, removed or changed. */
export function changedAssets(before: ConfigBundle['assets'], after: ConfigBundle['assets']): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  const isSame = (name: string): boolean => after.get(name)?.equals(before.get(name) ?? NOTHING) ?? false;
  return [...names].filter((name) => before.has(name) !== after.has(name) || !isSame(name)).sort();
}

const NOTHING = Buffer.alloc(0);
