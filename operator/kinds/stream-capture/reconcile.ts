import type { Acceptance } from '../../../crds/render/accept-capture.ts';
import { urlOf } from '../../../crds/render/capture-order.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import { sourceHost } from '../../../crds/schema/source-url.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import { type KubeObject, rfc3339 } from '../../kube/objects.ts';
import type { Assignment } from '../../pods/assign.ts';
import type { CapturePods } from '../../pods/capture-pods.ts';
import { capturePodsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { report } from '../../status/report.ts';
import { mediaServerOfCapture } from '../../world/references.ts';
import type { World } from '../../world/world.ts';
import { isOfOther, judge } from './acceptance.ts';
import { figureFields, nextFigures } from './figures.ts';
import { captureStatusOf, type Held, heldNow } from './held.ts';
import { type CaptureInput, captureVerdicts } from './verdicts.ts';

/** Objects applied together arrive one after the other, so a missing StreamApp may be about to arrive. */
const ON_ITS_WAY_MS = 2_000;

/** Only reports on a StreamCapture; the reconcile of the capture pods makes it run. */
export async function reconcileStreamCapture(world: World, key: string): Promise<Result> {
  const object = world.stores.streamCaptures.get(key);
  if (!object || object.metadata.deletionTimestamp || isOfOther(world, object)) return {};
  const acceptance = await judge(world, object);
  if (isAhead(world, object, acceptance)) return { requeueAfterMs: ON_ITS_WAY_MS };
  const seen = observe(world, object, acceptance);
  const verdicts = captureVerdicts({ name: object.metadata.name, ...seen });
  const written = await report(world, object, verdicts, fieldsOf(world, object, seen));
  return { requeueAfterMs: Math.min(written.requeueAfterMs ?? Infinity, nextLook(acceptance)) };
}

type Seen = Omit<CaptureInput, 'name'> & { readonly pods: CapturePods | undefined };

function observe(world: World, object: KubeObject, acceptance: Acceptance): Seen {
  const pods = world.fleets.find(mediaServerOfCapture(world, object) ?? '')?.captures;
  const assignment = acceptance.kind === 'accepted' ? assignmentOf(world, object, acceptance.mediaServer, pods) : null;
  const state = assignment ? pods?.stateOf(object.metadata.uid ?? '', assignment) : undefined;
  return { acceptance, pods, assignment, state, held: heldNow(object, state) };
}

function fieldsOf(
  world: World,
  object: KubeObject,
  { acceptance, assignment, held, pods, state }: Seen,
): Readonly<Record<string, unknown>> {
  const isOn = acceptance.kind === 'accepted' && !acceptance.spec.suspend && !held && assignment !== null;
  return {
    source: sourceHost(urlOf(object['spec'] as StreamCaptureSpec)),
    ...heldField(object, held),
    ...(isOn ? runningFields(state) : STOPPED),
    ...(isOn && pods && state ? figures(world, pods, state) : {}),
  };
}

/** The capture was created just now, before its app or its MediaServer. */
function isAhead({ clock }: World, { metadata }: KubeObject, acceptance: Acceptance): boolean {
  if (acceptance.kind === 'accepted' || acceptance.reason !== 'InvalidRef') return false;
  return clock.now() - Date.parse(metadata.creationTimestamp ?? '') < ON_ITS_WAY_MS;
}

/** The assignment of a capture, if its pod exists. */
function assignmentOf(
  { stores }: World,
  object: KubeObject,
  mediaServer: string,
  pods: CapturePods | undefined,
): Assignment | null {
  const assignment = pods?.assigned.get(object.metadata.uid ?? '') ?? captureStatusOf(object).assignment;
  const existing = capturePodsOf(stores.pods, object.metadata.namespace ?? '', mediaServer);
  return existing.some(({ isOver, uid }) => !isOver && uid === assignment?.podUid) ? (assignment ?? null) : null;
}

/** Null removes what held an older spec. */
function heldField(object: KubeObject, held: Held | null): { readonly held?: Held | null } {
  return held || captureStatusOf(object).held ? { held } : {};
}

const STOPPED = { mediaSessionId: null, connectedSince: null, bitrate: null } as const;

function runningFields(state: CaptureState | undefined): Readonly<Record<string, unknown>> {
  if (!state) return {};
  const { connectedAt, mediaSessionId, restarts, tracks } = state;
  return {
    restarts,
    mediaSessionId: mediaSessionId ?? null,
    connectedSince: connectedAt === undefined ? null : rfc3339(connectedAt),
    // Only known fields: the API server drops any other.
    tracks: tracks.map(({ codec, height, kind, profile, width }) => ({ kind, codec, profile, width, height })),
  };
}

function figures({ clock }: World, { figures: known }: CapturePods, state: CaptureState): object {
  const next = nextFigures(known.get(state.uid), state, clock.monotonic());
  known.set(state.uid, next);
  return figureFields(next.figures);
}

function nextLook(acceptance: Acceptance): number {
  if (acceptance.kind === 'refused' && acceptance.isTransient) return CachedReads.missingMs;
  return CachedReads.refreshMs;
}
