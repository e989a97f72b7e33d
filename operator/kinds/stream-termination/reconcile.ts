import { parseDurationMs } from '../../../crds/schema/duration.ts';
import type { TerminationAnswer, TerminationOrder } from '../../../crds/schema/internal.ts';
import type { StreamTerminationSpec } from '../../../crds/schema/stream-termination.ts';
import { remove } from '../../kube/apply.ts';
import { conditionsOf } from '../../kube/conditions.ts';
import { type KubeObject, pathOf, rfc3339, splitKey, TYPES } from '../../kube/objects.ts';
import { type Pod, podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { report } from '../../status/report.ts';
import { mediaServerOf } from '../../world/references.ts';
import { faultsOf, readMediaServer, readStreamTermination } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import {
  failVerdicts,
  gone,
  type PodEntry,
  pendingEntry,
  progressVerdicts,
  type TerminationStatus,
  totalsOf,
  waitVerdicts,
  withoutAsking,
} from './progress.ts';

/** How soon pods that have not answered are asked again. */
const AGAIN_MS = 1_000;
/** How soon to look whether a MediaServer has changed hands. */
const FOREIGN_MS = 30_000;
/** A status holds the answers of at most this many pods. */
const MOST_PODS = 1_000;

/**
 * Ends streams once: each pod that existed at the start is asked until it answers, and never again, also by another
 * operator. Finished objects are deleted after `ttlAfterFinished`.
 */
export async function reconcileStreamTermination(world: World, key: string): Promise<Result> {
  const object = world.stores.streamTerminations.get(key);
  if (!object || object.metadata.deletionTimestamp) return {};
  const server = world.stores.mediaServers.get(mediaServerOf(object));
  if (server && world.ownership.isForeign(server)) return { requeueAfterMs: FOREIGN_MS };
  const checked = readStreamTermination(object);
  if (!checked.ok) return report(world, object, failVerdicts('InvalidSpec', faultsOf(checked)), { phase: 'Failed' });
  const { spec } = checked.resource;
  const finishedAt = finishTime(object);
  if (finishedAt !== null) return expire(world, object, finishedAt + msOf(spec.ttlAfterFinished));
  return server ? carryOut(world, object, spec, server) : waitForServer(world, object, spec);
}

async function carryOut(
  world: World,
  object: KubeObject,
  spec: StreamTerminationSpec,
  server: KubeObject,
): Promise<Result> {
  if (spec.all && refusesAll(server)) {
    const message = `MediaServer "${server.metadata.name}" refuses to end all streams (rest.emptyFilter: Refuse)`;
    return report(world, object, failVerdicts('EmptyFilterRefused', message), { phase: 'Failed' });
  }
  const isNew = statusOf(object).startTime === undefined;
  if (isNew && isLate(world, object, spec)) {
    // The streams that somebody wanted to end may be gone, and others may match now.
    return report(world, object, failVerdicts('TimedOut', 'not begun before the timeout'), { phase: 'Failed' });
  }
  return askPods(world, isNew ? await begin(world, object) : object, spec);
}

/** Whether the time for all answers is over. */
function isLate({ clock }: World, { metadata }: KubeObject, { timeout }: StreamTerminationSpec): boolean {
  return clock.now() > Date.parse(metadata.creationTimestamp ?? '') + msOf(timeout);
}

async function waitForServer(world: World, object: KubeObject, spec: StreamTerminationSpec): Promise<Result> {
  const message = `MediaServer "${spec.mediaServerRef.name}" not found in this namespace`;
  const isOver = isLate(world, object, spec);
  const verdicts = isOver ? failVerdicts('MediaServerNotFound', message) : waitVerdicts('Waiting', message);
  await report(world, object, verdicts, { phase: isOver ? 'Failed' : 'Pending' });
  return { requeueAfterMs: AGAIN_MS };
}

/** Notes the pods before the first of them is asked. Fails with a conflict if the object is out of date. */
async function begin(world: World, object: KubeObject): Promise<KubeObject> {
  const { name, namespace = '', resourceVersion } = object.metadata;
  const pods = podsAt(world, object).filter(({ isOver }) => !isOver);
  const status: TerminationStatus = {
    phase: 'Running',
    startTime: rfc3339(world.clock.now()),
    pods: pods.slice(0, MOST_PODS).map(pendingEntry),
  };
  return world.client.call<KubeObject>('PATCH', `${pathOf(TYPES.StreamTermination, namespace, name)}/status`, {
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion }, status },
  });
}

async function askPods(world: World, object: KubeObject, spec: StreamTerminationSpec): Promise<Result> {
  const { pods: entries = [] } = statusOf(object);
  const byUid = new Map(podsAt(world, object).map((pod) => [pod.uid, pod]));
  const pods = await Promise.all(
    entries.map((entry) => {
      const pod = byUid.get(entry.uid);
      return withoutAsking(entry, pod) ?? ask(world, object, { spec, entry, pod: pod as Pod });
    }),
  );
  const isOver = isLate(world, object, spec);
  const verdicts = progressVerdicts(pods, isOver);
  const isComplete = pods.every(({ state }) => state !== 'Pending');
  const phase = isComplete ? 'Complete' : isOver ? 'Failed' : 'Running';
  const completed = isComplete ? { completionTime: rfc3339(world.clock.now()) } : {};
  await report(world, object, verdicts, { phase, pods, ...totalsOf(pods), ...completed });
  return { requeueAfterMs: AGAIN_MS };
}

type Asked = { readonly spec: StreamTerminationSpec; readonly entry: PodEntry; readonly pod: Pod };

async function ask(world: World, object: KubeObject, { entry, pod, spec }: Asked): Promise<PodEntry> {
  const client = world.fleets.find(mediaServerOf(object))?.client;
  if (!client) return { ...entry, message: 'the operator has no key of the fleet yet' };
  const order: TerminationOrder = {
    uid: object.metadata.uid ?? '',
    filter: spec.filter ?? {},
    dryRun: spec.dryRun,
    denyForMs: msOf(spec.denyFor),
  };
  try {
    return answeredEntry(entry, await client.terminate(pod, order));
  } catch (error) {
    // A refusal alone proves nothing: the container may be back before Kubernetes says so.
    if (isConnectionRefused(error) && !pod.isRunning) return gone(entry, 'its container does not run');
    return { ...entry, message: error instanceof Error ? error.message : String(error) };
  }
}

function answeredEntry(entry: PodEntry, { denied, error, matched, terminated, warning }: TerminationAnswer): PodEntry {
  if (error !== undefined) return { ...entry, message: error };
  const message = warning === undefined ? {} : { message: warning };
  const counts = { matched, terminated, ...(denied === undefined ? {} : { denied }) };
  return { uid: entry.uid, name: entry.name, state: 'Done', ...counts, ...message };
}

async function expire(world: World, object: KubeObject, at: number): Promise<Result> {
  const leftMs = at - world.clock.now();
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  await remove(world.client, object);
  return {};
}

/** When the object was complete or failed, Unix milliseconds; null before. */
function finishTime(object: KubeObject): number | null {
  const end = conditionsOf(object)?.find(
    ({ status, type }) => ['Complete', 'Failed'].includes(type) && status === 'True',
  );
  return end ? Date.parse(end.lastTransitionTime) : null;
}

function podsAt({ stores }: World, object: KubeObject): Pod[] {
  const { name, namespace } = splitKey(mediaServerOf(object));
  return podsOf(stores.pods, namespace, name);
}

function refusesAll(server: KubeObject): boolean {
  const checked = readMediaServer(server);
  return checked.ok && checked.resource.spec.rest.emptyFilter === 'Refuse';
}

const isConnectionRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';

const statusOf = (object: KubeObject): TerminationStatus => (object['status'] ?? {}) as TerminationStatus;

const msOf = (duration = '0s'): number => parseDurationMs(duration) ?? 0;
