import type { Change } from '../../kube/store.ts';
import { mediaServerOf, mediaServerOfCapture } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { bothOf, type Kind, ofSpec } from '../kind.ts';
import { type CapturePodsOptions, reconcileCapturePods } from './reconcile.ts';

/** The capture pods of each MediaServer: which pod has which capture. */
export function capturePodsKind(world: World, options: CapturePodsOptions): Kind {
  const { mediaServers, pods, streamApps, streamCaptures } = world.stores;
  return {
    name: 'capturepods',
    workers: 8,
    objects: mediaServers,
    reconcile: (key) => reconcileCapturePods(world, options, key),
    watches: [
      { store: mediaServers, keysOf: ofSpec(({ key }) => [key]) },
      { store: streamApps, keysOf: ofSpec((change) => bothOf(change).map(mediaServerOf)) },
      {
        // Also of the status, which says what is held.
        store: streamCaptures,
        keysOf: (change) => bothOf(change).flatMap((capture) => mediaServerOfCapture(world, capture) ?? []),
      },
      { store: pods, keysOf: ofPod },
    ],
  };
}

/** The MediaServer of a pod, by its label. */
function ofPod({ after, before }: Change): string[] {
  const { labels, namespace = '' } = (after ?? before)?.metadata ?? {};
  const name = labels?.['app.kubernetes.io/instance'];
  return name ? [`${namespace}/${name}`] : [];
}
