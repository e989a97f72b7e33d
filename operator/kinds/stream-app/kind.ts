import { keyOf } from '../../kube/objects.ts';
import { mediaServerOf } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { type Kind, ofSpec } from '../kind.ts';
import { reconcileStreamApp } from './reconcile.ts';

export function streamAppKind(world: World): Kind {
  const { stores } = world;
  const appsOf = (mediaServer: string): string[] =>
    [...stores.streamApps.all()].filter((app) => mediaServerOf(app) === mediaServer).map(keyOf);
  return {
    name: 'streamapp',
    workers: 8,
    objects: stores.streamApps,
    reconcile: (key) => reconcileStreamApp(world, key),
    watches: [
      { store: stores.streamApps, keysOf: ofSpec(({ key }) => [key]) },
      // A MediaServer is created or deleted; `followersOf` covers changes to it.
      { store: stores.mediaServers, keysOf: ({ after, before, key }) => (before && after ? [] : appsOf(key)) },
    ],
    followersOf: appsOf,
  };
}
