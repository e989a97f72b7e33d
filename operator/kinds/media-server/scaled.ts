import { parseDurationMs } from '../../../crds/schema/duration.ts';
import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { keyOf } from '../../kube/objects.ts';
import type { Fleet } from '../../pods/fleets.ts';
import type { Pod } from '../../pods/pod.ts';
import { type ScaledPod, scale } from '../../pods/scale.ts';
import type { World } from '../../world/world.ts';
import type { Observed } from './observe.ts';

/** Puts the number of pods that `spec.autoscaling` decides into the place of `spec.replicas`. */
export function scaled(world: World, observed: Observed): Observed {
  const { deployment, mediaServer, object, pods } = observed;
  const { autoscaling, drain } = mediaServer.spec;
  const fleet = world.fleets.of(keyOf(object));
  if (!autoscaling) {
    fleet.scaling = null;
    fleet.cordoned = new Set();
    return observed;
  }
  const state = scale({
    rules: {
      ...autoscaling,
      scaleDownDelayMs: parseDurationMs(autoscaling.scaleDownDelay) ?? 0,
      drainTimeoutMs: parseDurationMs(drain.timeout) ?? 0,
    },
    state: fleet.scaling,
    replicas: (deployment?.['spec'] as { replicas?: number } | undefined)?.replicas ?? null,
    pods: pods.map((pod) => scaledPod(fleet, pod)),
    now: world.clock.now(),
  });
  fleet.scaling = state;
  fleet.cordoned = new Set(state.leaving ? [state.leaving.uid] : []);
  const spec: MediaServerSpec = { ...mediaServer.spec, replicas: state.replicas };
  return { ...observed, mediaServer: { ...mediaServer, spec } };
}

/** A pod whose container does not run has no streams. */
function scaledPod({ reports }: Fleet, { isDeleting, isReady, isRunning, uid }: Pod): ScaledPod {
  const report = reports.get(uid);
  const streams = report?.kind === 'answered' ? report.status.publications + report.status.playbacks : null;
  return { uid, isDeleting, isReady, streams: isRunning ? streams : 0 };
}
