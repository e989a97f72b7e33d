import { splitKey } from '../../kube/objects.ts';
import type { Change } from '../../kube/store.ts';
import { hasChangedHands } from '../../world/ownership.ts';
import { mediaServerOf } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { bothOf, type Kind, ofSpec } from '../kind.ts';
import { type MediaServerOptions, reconcileMediaServer } from './reconcile.ts';

/** A pod that does not answer blocks a worker for seconds. One user or one lost node must not delay all others. */
const WORKERS = 32;

export function mediaServerKind(world: World, options: MediaServerOptions): Kind {
  const { stores } = world;
  const children = [
    stores.deployments,
    stores.ingresses,
    stores.networkPolicies,
    stores.podDisruptionBudgets,
    stores.pods,
    stores.serviceAccounts,
    stores.services,
  ];
  return {
    name: 'mediaserver',
    workers: WORKERS,
    objects: stores.mediaServers,
    reconcile: (key) => reconcileMediaServer(world, options, key),
    watches: [
      { store: stores.mediaServers, keysOf: ofSpec(({ key }) => [key]) },
      { store: stores.mediaServers, keysOf: (change) => (hasChangedHands(change) ? [change.key] : []) },
      { store: stores.streamApps, keysOf: ofSpec((change) => bothOf(change).map(mediaServerOf)) },
      { store: stores.restHooks, keysOf: ofSpec(({ key }) => serversOf(world, key)) },
      ...children.map((store) => ({ store, keysOf: ownerOf })),
    ],
  };
}

/** The MediaServers whose apps use a RestHook. */
function serversOf({ stores }: World, hook: string): Set<string> {
  const { name, namespace } = splitKey(hook);
  const users = stores.streamApps.list(namespace).filter(({ spec }) => {
    return (spec as { restHookRef?: { name: string } }).restHookRef?.name === name;
  });
  return new Set(users.map(mediaServerOf));
}

/** The MediaServer of a child or a pod, by its label. */
function ownerOf({ after, before }: Change): string[] {
  const { labels, namespace = '' } = (after ?? before)?.metadata ?? {};
  const name = labels?.['app.kubernetes.io/instance'];
  return name ? [`${namespace}/${name}`] : [];
}
