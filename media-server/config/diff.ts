import type { ReloadMark } from '../../crds/schema/kit.ts';
import { ServerConfig } from '../../crds/schema/server-config.ts';

/** A field that differs between two configs, and when the new value takes effect. */
export type Change = { readonly path: string; readonly mark: ReloadMark };

type Node = { readonly 'x-sluice-reload'?: ReloadMark; readonly properties?: Readonly<Record<string, Node>> };

/** The fields that differ, by the marks of the schema. A mark holds for everything below it. */
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

/** The new config with the old values of the fields that need a restart: what a running server can run. */
export function keepRestartFields(before: ServerConfig, after: ServerConfig): ServerConfig {
  return {
    ...after,
    workers: before.workers,
    media: { ...before.media, iceServers: after.media.iceServers },
    rest: { ...after.rest, httpPort: before.rest.httpPort, ...httpsOf(before, after) },
  };
}

/** The port stays; certificates are rotated. */
function httpsOf({ rest: before }: ServerConfig, { rest: after }: ServerConfig): Pick<ServerConfig['rest'], 'https'> {
  if (!before.https) return {};
  return { https: { ...(after.https ?? before.https), port: before.https.port } };
}
