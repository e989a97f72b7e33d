import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../../kube/store.ts';
import { mediaServerOf, mediaServerOfCapture } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { bothOf, type Kind, ofSpec } from '../kind.ts';
import { captureStatusOf, isRestart } from '../stream-capture/held.ts';
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
        store: streamCaptures,
        keysOf: (change) =>
          isOrder(change) ? bothOf(change).flatMap((capture) => mediaServerOfCapture(world, capture) ?? []) : [],
      },
      { store: pods, keysOf: ofPod },
    ],
  };
}

/** Whether pods are to capture something else: the spec, the annotation, or what holds a capture has changed. */
function isOrder(change: Change): boolean {
  const { after, before } = change;
  if (!before || !after || isRestart(change) || before.metadata.generation !== after.metadata.generation) return true;
  const [was, is] = [captureStatusOf(before), captureStatusOf(after)];
  const isDeleted = before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp;
  return isDeleted || !isDeepStrictEqual([was.held, was.assignment], [is.held, is.assignment]);
}

/** The MediaServer of a pod, by its label. */
function ofPod({ after, before }: Change): string[] {
  const { labels, namespace = '' } = (after ?? before)?.metadata ?? {};
  const name = labels?.['app.kubernetes.io/instance'];
  return name ? [`${namespace}/${name}`] : [];
}
