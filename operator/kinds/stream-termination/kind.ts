import type { World } from '../../world/world.ts';
import { type Kind, ofSpec } from '../kind.ts';
import { reconcileStreamTermination } from './reconcile.ts';

export function streamTerminationKind(world: World): Kind {
  const { streamTerminations } = world.stores;
  return {
    name: 'streamtermination',
    workers: 8,
    objects: streamTerminations,
    reconcile: (key) => reconcileStreamTermination(world, key),
    watches: [{ store: streamTerminations, keysOf: ofSpec(({ key }) => [key]) }],
  };
}
