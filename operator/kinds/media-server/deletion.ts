import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { captureName } from '../../builders/common.ts';
import { isNotFound } from '../../kube/api-error.ts';
import { remove } from '../../kube/apply.ts';
import { type KubeObject, keyOf, pathOf, TYPES } from '../../kube/objects.ts';
import { type Pod, podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { report } from '../../status/report.ts';
import type { World } from '../../world/world.ts';
import { isOwned } from './children.ts';
import { keepRoster } from './roster.ts';
import { deletionVerdicts } from './verdicts.ts';

/** Keeps a MediaServer until its pods have drained. */
const FINALIZER = 'sluice.dev/drain';
const LOOK_EVERY_MS = 2_000;
/** Time beyond drain.timeout for the kubelet's grace period, or for a node that is gone. */
const EXTRA_MS = 60_000;
const DEFAULT_DRAIN_MS = 9 * 60_000;

export const hasFinalizer = ({ metadata }: KubeObject): boolean => metadata.finalizers?.includes(FINALIZER) ?? false;

export async function withFinalizer(world: World, object: KubeObject): Promise<void> {
  await patchFinalizers(world, object, [...(object.metadata.finalizers ?? []), FINALIZER]);
}

/**
 * Deletes the Deployment first. Everything else stays while the pods drain. Once they are gone, or their time is up,
 * the finalizer is removed and the garbage collector deletes the rest.
 */
export async function finalize(world: World, object: KubeObject): Promise<Result> {
  if (!hasFinalizer(object)) return {};
  const { name, namespace = '' } = object.metadata;
  const deployment = ownDeployment(world, object, name);
  // Captures would be published to pods that drain until the last one is gone.
  for (const each of [ownDeployment(world, object, captureName({ name })), deployment]) {
    if (each && !each.metadata.deletionTimestamp) await remove(world.client, each);
  }
  const pods = podsOf(world.stores.pods, namespace, name);
  const isOver = world.clock.now() > deadlineOf(object);
  if ((deployment || pods.length > 0) && !isOver) {
    await keepRoster(world, { object, pods });
    await tellOfDrain(world, object, pods);
    return { requeueAfterMs: LOOK_EVERY_MS };
  }
  await letGo(world, object);
  await world.fleets.forget(keyOf(object));
  return {};
}

async function tellOfDrain(world: World, object: KubeObject, pods: readonly Pod[]): Promise<void> {
  await report(world, object, deletionVerdicts(pods), {
    replicas: pods.length,
    readyReplicas: pods.filter(({ isReady }) => isReady).length,
    drainingPods: pods.filter(({ isDeleting }) => isDeleting).length,
  });
}

function ownDeployment({ stores }: World, object: KubeObject, name: string): KubeObject | null {
  const deployment = stores.deployments.get(`${object.metadata.namespace ?? ''}/${name}`);
  return deployment && isOwned(deployment, object) ? deployment : null;
}

async function letGo(world: World, object: KubeObject): Promise<void> {
  const others = (object.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  try {
    await patchFinalizers(world, object, others);
  } catch (error) {
    // The object is gone: the finalizer was removed before, and the watch has not reported it yet.
    if (!isNotFound(error)) throw error;
  }
}

function deadlineOf({ metadata, spec }: KubeObject): number {
  const { drain } = (spec ?? {}) as { drain?: { timeout?: string } };
  const drainMs = parseDurationMs(drain?.timeout ?? '') ?? DEFAULT_DRAIN_MS;
  return Date.parse(metadata.deletionTimestamp ?? '') + drainMs + EXTRA_MS;
}

/** Sends the observed resourceVersion, so that a finalizer added by another controller is never lost. */
async function patchFinalizers(
  { client }: World,
  { metadata }: KubeObject,
  finalizers: readonly string[],
): Promise<void> {
  await client.call('PATCH', pathOf(TYPES.MediaServer, metadata.namespace ?? null, metadata.name), {
    contentType: 'application/merge-patch+json',
    body: { metadata: { finalizers, resourceVersion: metadata.resourceVersion } },
  });
}
