import { isSameStream } from '../../../crds/render/accept-capture.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import { type KubeObject, keyOf } from '../../kube/objects.ts';
import type { Change } from '../../kube/store.ts';
import { mediaServerOfCapture } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { bothOf, type Kind, ofSpec } from '../kind.ts';
import { isRestart } from './held.ts';
import { reconcileStreamCapture } from './reconcile.ts';

export function streamCaptureKind(world: World): Kind {
  const { mediaServers, streamApps, streamCaptures } = world.stores;
  const chosen = (isChosen: (capture: KubeObject) => boolean): string[] =>
    [...streamCaptures.all()].filter(isChosen).map(keyOf);
  const capturesOf = (mediaServer: string): string[] =>
    chosen((capture) => mediaServerOfCapture(world, capture) === mediaServer);
  return {
    name: 'streamcapture',
    workers: 8,
    objects: streamCaptures,
    reconcile: (key) => reconcileStreamCapture(world, key),
    watches: [
      { store: streamCaptures, keysOf: ofSpec((change) => [change.key, ...chosen((each) => isRival(each, change))]) },
      { store: streamCaptures, keysOf: (change) => (isRestart(change) ? [change.key] : []) },
      {
        store: streamApps,
        keysOf: ofSpec((change) => {
          const apps = bothOf(change).map(keyOf);
          return chosen(({ metadata, spec }) =>
            apps.includes(`${metadata.namespace ?? ''}/${(spec as StreamCaptureSpec).appRef.name}`),
          );
        }),
      },
      { store: mediaServers, keysOf: ofSpec(({ key }) => capturesOf(key)) },
    ],
    followersOf: capturesOf,
  };
}

/** Whether a capture may gain or lose its name by a change of another one. */
function isRival(capture: KubeObject, change: Change): boolean {
  return bothOf(change).some(
    ({ metadata, spec }) =>
      metadata.namespace === capture.metadata.namespace &&
      isSameStream(capture['spec'] as StreamCaptureSpec, spec as StreamCaptureSpec),
  );
}
