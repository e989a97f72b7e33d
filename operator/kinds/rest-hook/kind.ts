import { keyOf, splitKey } from '../../kube/objects.ts';
import type { World } from '../../world/world.ts';
import { type Kind, ofSpec } from '../kind.ts';
import { reconcileRestHook } from './reconcile.ts';

export function restHookKind(world: World): Kind {
  const { restHooks } = world.stores;
  return {
    name: 'resthook',
    workers: 4,
    objects: restHooks,
    reconcile: (key) => reconcileRestHook(world, key),
    watches: [{ store: restHooks, keysOf: ofSpec(({ key }) => [key]) }],
    followersOf: (mediaServer) => restHooks.list(splitKey(mediaServer).namespace).map(keyOf),
  };
}
