import type { Acceptance } from '../../../crds/render/accept-capture.ts';
import { urlOf } from '../../../crds/render/capture-order.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import { sourceHost } from '../../../crds/schema/source-url.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import type { Verdict } from '../../kube/conditions.ts';
import { type KubeObject, rfc3339 } from '../../kube/objects.ts';
import type { Assignment } from '../../pods/assign.ts';
import type { CapturePods } from '../../pods/capture-pods.ts';
import { capturePodsOf, type Pod } from '../../pods/pod.ts';
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

type Seen = Omit<CaptureInput, 'name'> & { readonly known: CapturePods | undefined };

function observe(world: World, object: KubeObject, acceptance: Acceptance): Seen {
  const known = world.fleets.find(mediaServerOfCapture(world, object) ?? '')?.captures;
  const { namespace = '', uid = '' } = object.metadata;
  const isAccepted = acceptance.kind === 'accepted';
  const pods = isAccepted ? capturePodsOf(world.stores.pods, namespace, acceptance.mediaServer) : [];
  const assignment = isAccepted ? assignmentOf(object, pods, known) : null;
  const state = assignment ? known?.stateOf(uid, assignment) : undefined;
  const last = assignment && !known?.reports.has(assignment.podUid) ? lastVerdict(object, assignment) : null;
  return { acceptance, known, pods, assignment, state, last, held: heldNow(object, state) };
}

/** What the status says of this spec and this assignment. */
function lastVerdict(object: KubeObject, { epoch }: Assignment): Verdict | null {
  const { assignment, conditions = [] } = captureStatusOf(object);
  const found = conditions.find(({ type }) => type === 'Capturing');
  const isCurrent = assignment?.epoch === epoch && found?.observedGeneration === object.metadata.generation;
  return found && isCurrent ? { ...found, message: found.message ?? '' } : null;
}

function fieldsOf(
  world: World,
  object: KubeObject,
  { acceptance, assignment, held, known, state }: Seen,
): Readonly<Record<string, unknown>> {
  const isOn = acceptance.kind === 'accepted' && !acceptance.spec.suspend && !held && assignment !== null;
  return {
    source: sourceHost(urlOf(object['spec'] as StreamCaptureSpec)),
    ...heldField(object, held),
    ...(isOn ? runningFields(state) : STOPPED),
    ...(isOn && known && state ? figures(world, known, state) : {}),
  };
}

/** The capture was created just now, before its app or its MediaServer. */
function isAhead({ clock }: World, { metadata }: KubeObject, acceptance: Acceptance): boolean {
  if (acceptance.kind === 'accepted' || acceptance.reason !== 'InvalidRef') return false;
  return clock.now() - Date.parse(metadata.creationTimestamp ?? '') < ON_ITS_WAY_MS;
}

/** The assignment of a capture, if its pod exists. */
function assignmentOf(object: KubeObject, pods: readonly Pod[], known: CapturePods | undefined): Assignment | null {
  const assignment = known?.assigned.get(object.metadata.uid ?? '') ?? captureStatusOf(object).assignment;
  return pods.some(({ isOver, uid }) => !isOver && uid === assignment?.podUid) ? (assignment ?? null) : null;
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
