import type { ReloadMark } from '../schema/kit.ts';
import { ServerConfig } from '../schema/server-config.ts';

type Node = { readonly 'x-sluice-reload'?: ReloadMark; readonly properties?: Readonly<Record<string, Node>> };

/** Returns the values of all fields whose change needs a new pod, by path. */
export function restartFields(config: ServerConfig): Readonly<Record<string, unknown>> {
  return Object.fromEntries(walk(ServerConfig as Node, config, ''));
}

function walk(node: Node, value: unknown, path: string): [string, unknown][] {
  if (node['x-sluice-reload'] === 'restart') return [[path, value]];
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    walk(child, memberOf(value, name), path === '' ? name : `${path}.${name}`),
  );
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
