import type { AcceptedCapture } from '../../../crds/render/accept-capture.ts';
import { capturePush, pullSettings, renderCapture } from '../../../crds/render/capture-order.ts';
import type { CaptureSpec } from '../../../crds/schema/capture.ts';
import type {
  CaptureOrder,
  CapturePush,
  CaptureReport,
  HeldCapture,
  MediaPod,
} from '../../../crds/schema/capture-messages.ts';
import { isNotFound } from '../../kube/api-error.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import { type KubeObject, pathOf, rfc3339, splitKey, TYPES } from '../../kube/objects.ts';
import { type Assignment, assign, type Candidate, released } from '../../pods/assign.ts';
import type { CaptureClient } from '../../pods/capture-client.ts';
import { type CapturePodReport, type CapturePods, captureEssence } from '../../pods/capture-pods.ts';
import { capturePodsOf, type Pod, podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { mediaServerOfCapture } from '../../world/references.ts';
import { readMediaServer } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { judge } from '../stream-capture/acceptance.ts';
import { captureStatusOf, heldOf, restartOf } from '../stream-capture/held.ts';

export type CapturePodsOptions = {
  /** Called when the pods of a MediaServer say something else: StreamCaptures derive their status from it. */
  readonly onChange: (key: string) => void;
};

/** Captures leave a pod that is not ready for this long. */
const UNREADY_MS = 10_000;
/** How often pods are asked, and how often while something is about to happen. */
const LOOK_MS = 2_000;
const SOON_MS = 500;
/** A pod takes no longer list. */
const MOST_HELD = 1_000;

/** A StreamCapture that is accepted, and where it is. */
type Captured = {
  readonly object: KubeObject;
  readonly uid: string;
  readonly accepted: AcceptedCapture;
  readonly assignment: Assignment | null;
};

/** Gives each capture to a pod, writes that down, tells the pods, and asks how it goes. */
export async function reconcileCapturePods(world: World, options: CapturePodsOptions, key: string): Promise<Result> {
  const capture = captureOf(world, key);
  if (!capture) return {};
  const pods = world.fleets.find(key)?.captures;
  const client = pods?.client;
  // The MediaServer has not been reconciled since the operator started.
  if (!pods || !client) return { requeueAfterMs: SOON_MS };
  const { name, namespace } = splitKey(key);
  const existing = capturePodsOf(world.stores.pods, namespace, name).filter(({ isOver }) => !isOver);
  const captures = await capturesOf(world, key, pods);
  pods.keepOnly(new Set(existing.map(({ uid }) => uid)), new Set(captures.map(({ uid }) => uid)));
  const next = nextAssignments(captures, candidates(world, pods, existing), capture);
  const { faults, placed } = await place(world, pods, captures, next);
  const before = captureEssence(pods.reports);
  const pulls = pullSettings(capture);
  const held = pulls ? captures.flatMap(heldCapture).slice(0, MOST_HELD) : [];
  const rest = pulls ? { pulls, held } : {};
  await tell(pods, client, existing, (pod) => pushFor(pod, placed, { mediaPods: mediaPodsOf(world, key), ...rest }));
  if (captureEssence(pods.reports) !== before) options.onChange(key);
  if (pulls) faults.push(...(await resume(world, captures, pods)));
  const [error] = faults;
  if (error !== undefined) throw error;
  const lookMs = nextLook(world, pods, existing, placed);
  // A pod may say at any time that a capture was started by REST.
  return { requeueAfterMs: held.length > 0 ? Math.min(LOOK_MS, lookMs) : lookMs };
}

/** `spec.capture` of a MediaServer that this operator manages. */
function captureOf({ ownership, stores }: World, key: string): CaptureSpec | null {
  const server = stores.mediaServers.get(key);
  if (!server || server.metadata.deletionTimestamp || ownership.isForeign(server)) return null;
  const checked = readMediaServer(server);
  return checked.ok ? (checked.resource.spec.capture ?? null) : null;
}

async function capturesOf(world: World, key: string, { assigned }: CapturePods): Promise<Captured[]> {
  const { namespace } = splitKey(key);
  const objects = world.stores.streamCaptures
    .list(namespace)
    .filter((each) => !each.metadata.deletionTimestamp && mediaServerOfCapture(world, each) === key);
  const judged = await Promise.all(
    objects.map(async (object): Promise<Captured[]> => {
      const accepted = await judge(world, object);
      if (accepted.kind === 'refused') return [];
      const { uid = '' } = object.metadata;
      return [{ object, uid, accepted, assignment: newer(captureStatusOf(object).assignment, assigned.get(uid)) }];
    }),
  );
  return judged.flat();
}

/** Whether a pod has work with it: one that is suspended or held takes no room. */
const isWanted = ({ accepted, object }: Captured): boolean => !accepted.spec.suspend && heldOf(object) === null;

/** The store may lag behind a write, and memory knows nothing of the writes of another replica. */
function newer(seen: Assignment | undefined, written: Assignment | undefined): Assignment | null {
  if (!seen || !written) return seen ?? written ?? null;
  return written.epoch > seen.epoch ? written : seen;
}

/** The pods that may keep their captures. */
function candidates({ clock }: World, { unreadySince }: CapturePods, pods: readonly Pod[]): Candidate[] {
  const now = clock.monotonic();
  return pods.flatMap(({ isDeleting, isReady, name, uid }) => {
    if (isReady) unreadySince.delete(uid);
    else if (!unreadySince.has(uid)) unreadySince.set(uid, now);
    const isLost = now - (unreadySince.get(uid) ?? now) >= UNREADY_MS;
    return isDeleting || isLost ? [] : [{ name, uid, isReady }];
  });
}

/** What has changed, by uid: a capture without work for a pod leaves it, and is given to one when it goes on. */
function nextAssignments(
  captures: readonly Captured[],
  candidates: readonly Candidate[],
  { capturesPerPod }: CaptureSpec,
): Map<string, Assignment> {
  const next = assign(captures.filter(isWanted), candidates, capturesPerPod);
  for (const each of captures) {
    const { assignment, uid } = each;
    if (!isWanted(each) && assignment && assignment.podUid !== '') next.set(uid, released(assignment));
  }
  return next;
}

type Placed = { readonly placed: readonly Captured[]; readonly faults: unknown[] };

/**
 * Writes new assignments before any pod hears of them: two pods must never have the same epoch. A capture whose write
 * failed stays as it was, and no other one waits for it.
 */
async function place(
  world: World,
  pods: CapturePods,
  captures: readonly Captured[],
  next: ReadonlyMap<string, Assignment>,
): Promise<Placed> {
  const placed: Captured[] = [];
  const faults: unknown[] = [];
  for (const each of captures) {
    const assignment = next.get(each.uid);
    try {
      if (!assignment) placed.push(each);
      else if (await writeAssignment(world, each.object, assignment)) {
        pods.assigned.set(each.uid, assignment);
        placed.push({ ...each, assignment });
      }
    } catch (error) {
      faults.push(error);
      placed.push(each);
    }
  }
  return { placed: placed.filter(isWanted), faults };
}

/** Sends the observed resourceVersion: a replica whose store lags behind fails. False = the object is gone. */
async function writeAssignment({ client }: World, { metadata }: KubeObject, assignment: Assignment): Promise<boolean> {
  const { name, namespace = null, resourceVersion } = metadata;
  try {
    await client.call('PATCH', `${pathOf(TYPES.StreamCapture, namespace, name)}/status`, {
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion }, status: { assignment } },
    });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** The media pods that take new streams: ready, and not about to be removed. */
function mediaPodsOf({ fleets, stores }: World, key: string): MediaPod[] {
  const { name, namespace } = splitKey(key);
  const cordoned = fleets.find(key)?.cordoned;
  return podsOf(stores.pods, namespace, name)
    .filter(({ isDeleting, isReady, isRunning, uid }) => isReady && isRunning && !isDeleting && !cordoned?.has(uid))
    .map(({ address, internalPort, name }) => ({ pod: name, address, port: internalPort }));
}

type ForAll = Pick<CapturePush, 'held' | 'mediaPods' | 'pulls'>;

function pushFor(pod: Pod, placed: readonly Captured[], forAll: ForAll): CapturePush {
  const own = placed.filter(({ assignment }) => assignment?.podUid === pod.uid);
  return capturePush({ ...forAll, captures: own.map(orderOf) });
}

/** What a call of the REST API may start again. */
function heldCapture({ accepted, object, uid }: Captured): HeldCapture[] {
  const { appKey, source, spec } = accepted;
  const held = heldOf(object);
  if (spec.suspend || !held) return [];
  return [{ uid, appKey, name: spec.name, url: source.url, at: Date.parse(held.time) }];
}

/**
 * Writes down which held captures the REST API has started again, as pods say. The change of the status gives them to a
 * pod. Returns the faults: no capture waits for another one whose write failed.
 */
async function resume(world: World, captures: readonly Captured[], { reports }: CapturePods): Promise<unknown[]> {
  const resumed = [...reports.values()].flatMap(({ report }) => report?.resumed ?? []);
  const faults: unknown[] = [];
  for (const { object, uid } of captures) {
    const held = heldOf(object);
    // An earlier call was for an earlier end. Pods have clocks of their own: which was later cannot be told from `at`.
    const since = resumed.filter((each) => each.uid === uid && rfc3339(each.heldAt) === held?.time);
    if (since.length === 0) continue;
    const at = Math.max(...since.map((each) => each.at));
    await writeResumed(world, object, at).catch((error: unknown) => {
      if (!isNotFound(error)) faults.push(error);
    });
  }
  return faults;
}

async function writeResumed({ client }: World, { metadata }: KubeObject, at: number): Promise<void> {
  const { name, namespace = null } = metadata;
  await client.call('PATCH', `${pathOf(TYPES.StreamCapture, namespace, name)}/status`, {
    contentType: 'application/merge-patch+json',
    body: { status: { resumed: rfc3339(at) } },
  });
}

function orderOf({ accepted, assignment, object, uid }: Captured): CaptureOrder {
  const { appKey, capture, source, spec } = accepted;
  return renderCapture({
    uid,
    generation: object.metadata.generation ?? 0,
    restart: restartOf(object),
    epoch: assignment?.epoch ?? 0,
    spec,
    appKey,
    allow: capture.allow,
    source,
  });
}

/** Pushes to each running pod that does not have its captures yet, and asks the others how it goes. */
async function tell(
  { reports }: CapturePods,
  client: CaptureClient,
  pods: readonly Pod[],
  pushTo: (pod: Pod) => CapturePush,
): Promise<void> {
  await Promise.all(
    pods
      .filter(({ isRunning }) => isRunning)
      .map(async (pod) => {
        const push = pushTo(pod);
        const known = reports.get(pod.uid);
        const hasIt = known?.kind === 'answered' && known.report.hash === push.hash;
        const said = await answerOf(hasIt ? client.report(pod) : client.push(pod, push), known);
        reports.set(pod.uid, said);
      }),
  );
}

async function answerOf(call: Promise<CaptureReport>, known: CapturePodReport | undefined): Promise<CapturePodReport> {
  try {
    return { kind: 'answered', report: await call };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', reason, report: known?.report ?? null };
  }
}

function nextLook(world: World, pods: CapturePods, existing: readonly Pod[], placed: readonly Captured[]): number {
  const isAwaited = placed.some(({ assignment, uid }) => {
    const state = assignment && pods.stateOf(uid, assignment);
    return state?.reason === 'Connecting';
  });
  const isUnheard = existing.some(({ isRunning, uid }) => isRunning && pods.reports.get(uid)?.kind !== 'answered');
  if (isAwaited || isUnheard) return SOON_MS;
  const now = world.clock.monotonic();
  const left = [...pods.unreadySince.values()].map((since) => UNREADY_MS - (now - since)).filter((ms) => ms > 0);
  return Math.min(placed.length > 0 ? LOOK_MS : CachedReads.refreshMs, ...left);
}
