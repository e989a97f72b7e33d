import { orderGeneration } from '../../../crds/render/capture-order.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import type { StreamCaptureStatus } from '../../../crds/schema/stream-capture.ts';
import { type KubeObject, rfc3339 } from '../../kube/objects.ts';
import type { Change } from '../../kube/store.ts';

export type Held = NonNullable<StreamCaptureStatus['held']>;

/** A new value of this annotation starts a capture that is held. */
export const RESTART = 'sluice.dev/restart';

/** Who has last asked for a start: the annotation, and the REST API. Another text starts a capture that is held. */
export function restartOf(object: KubeObject): string {
  const { resumed = '' } = captureStatusOf(object);
  return [object.metadata.annotations?.[RESTART] ?? '', ...(resumed === '' ? [] : [resumed])].join(' ').trim();
}

/** Whether somebody has asked for the capture to start again. */
export function isRestart({ after, before }: Change): boolean {
  return before !== undefined && after !== undefined && restartOf(before) !== restartOf(after);
}

/** The status as it was last seen. */
export const captureStatusOf = ({ status }: KubeObject): StreamCaptureStatus => (status ?? {}) as StreamCaptureStatus;

/** Why a capture stays ended, as its status says; null if nothing holds it, or if somebody wants it again. */
export function heldOf(object: KubeObject): Held | null {
  const { held } = captureStatusOf(object);
  if (!held || held.generation !== object.metadata.generation) return null;
  return (held.restart ?? '') === restartOf(object) ? held : null;
}

/** The same, also if only the capture pod says so yet. */
export function heldNow(object: KubeObject, state: CaptureState | undefined): Held | null {
  const written = heldOf(object);
  if (written || !state?.held) return written;
  const { generation = 0 } = object.metadata;
  const restart = restartOf(object);
  // What the pod says is about an order from before the last change.
  if (state.generation !== orderGeneration(generation, restart)) return null;
  const { at, cause, info } = state.held;
  return { cause, info, generation, ...(restart === '' ? {} : { restart }), time: rfc3339(at) };
}
