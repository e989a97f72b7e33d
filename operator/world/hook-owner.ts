import type { StreamAppSpec } from '../../crds/schema/stream-app.ts';
import { type KubeObject, keyOf } from '../kube/objects.ts';
import type { World } from './world.ts';

/**
 * Whether another operator writes the status of a RestHook: the one that manages the first MediaServer that uses the
 * hook, or else the first MediaServer in its namespace.
 */
export function isForeignHook({ ownership, stores }: World, { metadata }: KubeObject): boolean {
  const { name, namespace = '' } = metadata;
  const users = stores.streamApps
    .list(namespace)
    .map(({ spec }) => spec as StreamAppSpec)
    .filter(({ restHookRef }) => restHookRef?.name === name);
  const used = new Set(users.map(({ mediaServerRef }) => mediaServerRef.name));
  const all = stores.mediaServers.list(namespace).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const first = all.find((each) => used.has(each.metadata.name)) ?? all[0];
  return first !== undefined && ownership.isForeign(first);
}
