import type { PodStatus } from '../../crds/schema/internal.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import type { AppTable } from '../apps/app-table.ts';
import { describeKeepAlive } from '../keepalive/policy.ts';
import type { KeepAlive } from '../keepalive/schedule.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Stream } from '../streams/stream.ts';

export type PodStatusParts = {
  readonly config: ServerConfig;
  readonly draining: boolean;
  readonly registry: StreamRegistry;
  readonly apps: AppTable;
  readonly keepAlive: KeepAlive<Stream>;
};

/** The status of a media server for the operator, without the state of its config. */
export function podStatus(parts: PodStatusParts): Omit<PodStatus, 'pod' | 'config'> {
  const { apps, config: serverConfig, draining, keepAlive, registry } = parts;
  const count = (direction: Direction): number => registry.byDirection(direction).size;
  const saturated = new Set(keepAlive.backends().flatMap((each) => (each.saturated ? [each.hook] : [])));
  return {
    draining,
    publications: count('publish'),
    playbacks: count('play'),
    apps: apps.all().map(({ config, hook }) => ({
      appKey: config.appKey,
      publications: registry.count(config.appKey, 'publish'),
      playbacks: registry.count(config.appKey, 'play'),
      keepAlive: describeKeepAlive(serverConfig.keepAlive, { config, hook }),
    })),
    hooks: apps.hooks().map(({ config: { name }, health }) => ({
      name,
      ...health(),
      saturated: saturated.has(name),
    })),
  };
}
