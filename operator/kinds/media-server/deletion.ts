import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { isNotFound } from '../../kube/api-error.ts';
import { remove } from '../../kube/apply.ts';
import { type KubeObject, keyOf, pathOf, TYPES } from '../../kube/objects.ts';
import { type Pod, podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { report } from '../../status/report.ts';
import type { World } from '../../world/world.ts';
import { isOwned } from './children.ts';
import { deletionVerdicts } from './verdicts.ts';

/** Keeps a MediaServer until its streams have had their time. */
const FINALIZER = 'sluice.dev/drain';
const LOOK_EVERY_MS = 2_000;
/** After drain.timeout: the kubelet's grace period, and a node that is gone. */
const EXTRA_MS = 60_000;
const DEFAULT_DRAIN_MS = 9 * 60_000;

export const hasFinalizer = ({ metadata }: KubeObject): boolean => metadata.finalizers?.includes(FINALIZER) ?? false;

export async function withFinalizer(world: World, object: KubeObject): Promise<void> {
  await patchFinalizers(world, object, [...(object.metadata.finalizers ?? []), FINALIZER]);
}

/**
 * A MediaServer that is being deleted: its Deployment goes first, its pods drain, everything else stays until they are
 * gone (or should be); then it is let go, and the garbage collector takes the rest.
 */
export async function finalize(world: World, object: KubeObject): Promise<Result> {
  if (!hasFinalizer(object)) return {};
  const { name, namespace = '' } = object.metadata;
  const deployment = ownDeployment(world, object);
  if (deployment && !deployment.metadata.deletionTimestamp) await remove(world.client, deployment);
  const pods = podsOf(world.stores.pods, namespace, name);
  const isOver = world.clock.now() > deadlineOf(object);
  if ((deployment || pods.length > 0) && !isOver) {
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

function ownDeployment({ stores }: World, object: KubeObject): KubeObject | null {
  const deployment = stores.deployments.get(keyOf(object));
  return deployment && isOwned(deployment, object) ? deployment : null;
}

async function letGo(world: World, object: KubeObject): Promise<void> {
  const others = (object.metadata.finalizers ?? []).filter((each) => each !== FINALIZER);
  try {
    await patchFinalizers(world, object, others);
  } catch (error) {
    // Gone: we have let go before, and our watch has not heard of it yet.
    if (!isNotFound(error)) throw error;
  }
}

function deadlineOf({ metadata, spec }: KubeObject): number {
  const { drain } = (spec ?? {}) as { drain?: { timeout?: string } };
  const drainMs = parseDurationMs(drain?.timeout ?? '') ?? DEFAULT_DRAIN_MS;
  return Date.parse(metadata.deletionTimestamp ?? '') + drainMs + EXTRA_MS;
}

/** With the version that was seen: a finalizer of somebody else is never lost. */
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
