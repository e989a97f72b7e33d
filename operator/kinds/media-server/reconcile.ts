import { randomBytes } from 'node:crypto';
import type { FleetKey } from '../../../crds/render/fleet-key.ts';
import { captureKeysOf, fleetKeysOf, type Keys } from '../../builders/assets-secret.ts';
import type { CaptureImages } from '../../builders/capture-deployment.ts';
import { assetsName, configMapName, selectorOf } from '../../builders/common.ts';
import { graceSeconds } from '../../builders/deployment.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import { type KubeObject, keyOf, splitKey, TYPES } from '../../kube/objects.ts';
import { essence } from '../../pods/essence.ts';
import type { Fleet } from '../../pods/fleets.ts';
import { type Pod, podsOf } from '../../pods/pod.ts';
import { needsPush, needsRoster, pushConfig, pushCordons } from '../../pods/push.ts';
import type { Result } from '../../runtime/controller.ts';
import { firstCounts } from '../../status/counts.ts';
import { report } from '../../status/report.ts';
import { faultsOf, readMediaServer } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { applyChildren, applyUncached, type ChildFaults, prune, refusalOf, takenBy } from './children.ts';
import { finalize, hasFinalizer, withFinalizer } from './deletion.ts';
import { type Desired, desired } from './desired.ts';
import { endpointsOf } from './endpoints.ts';
import { hostConflict } from './host-conflict.ts';
import { type Observed, observe } from './observe.ts';
import { keepRoster } from './roster.ts';
import { scaled } from './scaled.ts';
import { type Fault, faultVerdicts, mediaServerNumbers, mediaServerVerdicts, type StatusInput } from './verdicts.ts';

export type MediaServerOptions = CaptureImages & {
  /** Called when the desired or the running config of the pods changed: apps and hooks derive their status from it. */
  readonly onFleetChange: (key: string) => void;
};

/** The delay of the next try while a pod does not run the config yet. */
const RETRY_PUSH_MS = 2_000;
/** The same while a pod does not have the roster: a new pod takes no streams before. */
const RETRY_ROSTER_MS = 500;
/** How often the number of pods is decided. Pods are asked for their streams as often. */
const SCALE_MS = 10_000;

/** Reconciles in steps: observe, desired, apply, push, prune, status. The status is written even if a step fails. */
export async function reconcileMediaServer(world: World, options: MediaServerOptions, key: string): Promise<Result> {
  const object = world.stores.mediaServers.get(key);
  if (!object) {
    await world.fleets.forget(key);
    world.ownership.forget(key);
    forgetConfig(world, { metadata: splitKey(key) });
    options.onFleetChange(key);
    return {};
  }
  if (object.metadata.deletionTimestamp && !hasFinalizer(object)) return {};
  const owned = await world.ownership.settle(object);
  if (owned.kind === 'mine') return reconcileOwn(world, options, owned.object);
  // This operator may have managed it before.
  await world.fleets.forget(key);
  return { requeueAfterMs: owned.lookAgainMs };
}

async function reconcileOwn(world: World, options: MediaServerOptions, object: KubeObject): Promise<Result> {
  if (object.metadata.deletionTimestamp) return finalize(world, object);
  if (!hasFinalizer(object)) await withFinalizer(world, object);
  const checked = readMediaServer(object);
  if (checked.ok) {
    return reconcileValid(world, options, scaled(world, await observe(world, object, checked.resource)));
  }
  await reconcileInvalid(world, options, object, { reason: 'InvalidSpec', message: faultsOf(checked) });
  return {};
}

/** Drops the cached reads of its ConfigMap and Secret. */
function forgetConfig({ reads }: World, { metadata: { name, namespace = '' } }: Pick<KubeObject, 'metadata'>): void {
  reads.forget(TYPES.ConfigMap, namespace, configMapName({ name }));
  reads.forget(TYPES.Secret, namespace, assetsName({ name }));
}

/** The last good state stays. */
async function reconcileInvalid(
  world: World,
  options: MediaServerOptions,
  object: KubeObject,
  fault: Fault,
): Promise<void> {
  const { name, namespace = '' } = object.metadata;
  const fleet = world.fleets.of(keyOf(object));
  fleet.fault = fault;
  useKeysOf(fleet, await world.reads.get(TYPES.Secret, namespace, assetsName({ name })));
  await keepRoster(world, { object, pods: podsOf(world.stores.pods, namespace, name) });
  await report(world, object, faultVerdicts(fault), firstCounts(object));
  tellOfFleet(options, keyOf(object), fleet, []);
}

async function reconcileValid(world: World, options: MediaServerOptions, observed: Observed): Promise<Result> {
  const key = keyOf(observed.object);
  const fleet = world.fleets.of(key);
  const running = observed.pods.filter(({ isRunning }) => isRunning);
  // The last report of a container that has exited says nothing about its successor.
  fleet.keepOnly(new Set(running.map(({ uid }) => uid)));
  const attempt = desired(observed, {
    ...options,
    // If the Secret was deleted, pods still use the keys that were in it.
    newKey: (role) => (role === 'fleet' ? fleet.key : fleet.captures.key) ?? newKey(role),
    now: world.clock.now(),
    running: fleet.statuses().map(({ config }) => config),
  });
  const outcome =
    attempt.kind === 'fault'
      ? await keepLastGood(observed, fleet, attempt.fault)
      : await applyAll(world, observed, fleet, attempt.desired);
  fleet.fault = outcome.fault;
  const rosterFault = await keepRoster(world, observed);
  await pushCordons(fleet, observed.pods);
  await writeOutcome(world, observed, fleet, { ...outcome, rosterFault });
  tellOfFleet(options, key, fleet, observed.pods);
  if (outcome.error !== undefined) throw outcome.error;
  return { requeueAfterMs: rosterFault ? RETRY_PUSH_MS : nextLook(observed, fleet, outcome) };
}

/** The outcome of a reconcile; one with an `error` is retried. */
type Outcome = ChildFaults & {
  readonly fault: Fault | null;
  /** The objects as returned by the API server. */
  readonly written: readonly KubeObject[];
  readonly error?: unknown;
};

const ALL_IS_WELL: Outcome = { fault: null, refused: null, missing: null, written: [] };

/** Pushes the last rendered config to pods that do not run it yet. */
async function keepLastGood(observed: Observed, fleet: Fleet, fault: Fault): Promise<Outcome> {
  useKeysOf(fleet, observed.assets);
  await pushConfig(fleet, observed.pods);
  return { ...ALL_IS_WELL, fault };
}

/** Calls to pods use the keys that the pods have. */
function useKeysOf(fleet: Fleet, assets: KubeObject | null): void {
  useKeys(fleet, { fleet: fleetKeysOf(assets), capture: captureKeysOf(assets) });
}

function useKeys(fleet: Fleet, keys: Keys): void {
  const [[ofFleet], [ofCaptures]] = [keys.fleet, keys.capture];
  if (ofFleet) fleet.use(ofFleet);
  if (ofCaptures) fleet.captures.use(ofCaptures);
}

const newKey = (role: keyof Keys): FleetKey => ({
  identity: `${role}-${randomBytes(4).toString('hex')}`,
  key: randomBytes(32),
});

/** Credentials first, then the config that names them, then running pods, then what new pods are made from. */
async function applyAll(world: World, observed: Observed, fleet: Fleet, wanted: Desired): Promise<Outcome> {
  const failed = await applyConfig(world, observed, wanted);
  if (failed) return failed;
  useKeys(fleet, wanted.keys);
  fleet.rendered = wanted.rendered;
  await pushConfig(fleet, observed.pods);
  const written: KubeObject[] = [];
  try {
    const faults = await applyChildren(world, observed, wanted.children, written);
    await prune(world, observed, wanted.children);
    return { ...ALL_IS_WELL, ...faults, written };
  } catch (error) {
    return { ...ALL_IS_WELL, written, error };
  }
}

/** Null when both are written. Until then nothing is pushed: a running pod must not be ahead of a starting one. */
async function applyConfig(world: World, observed: Observed, wanted: Desired): Promise<Outcome | null> {
  const { assets, configMap } = wanted;
  const taken = takenBy(observed, observed.assets) ?? takenBy(observed, observed.configMap);
  if (taken) {
    forgetConfig(world, observed.object);
    return { ...ALL_IS_WELL, fault: taken };
  }
  let object = assets;
  try {
    await applyUncached(world, TYPES.Secret, assets, observed.assets);
    object = configMap;
    await applyUncached(world, TYPES.ConfigMap, configMap, observed.configMap);
    return null;
  } catch (error) {
    const refusal = refusalOf(object, error);
    if (refusal) return { ...ALL_IS_WELL, fault: refusal };
    return { ...ALL_IS_WELL, fault: { reason: 'ConfigNotWritten', message: String(error) }, error };
  }
}

async function writeOutcome(
  world: World,
  observed: Observed,
  fleet: Fleet,
  { fault, missing, refused, rosterFault, written }: Outcome & Pick<StatusInput, 'rosterFault'>,
): Promise<void> {
  const { mediaServer, object } = observed;
  const { name, namespace = '' } = object.metadata;
  // The store may lag behind the write: an old status would describe the new Deployment.
  const deployment = written.find(({ kind }) => kind === 'Deployment') ?? world.stores.deployments.get(keyOf(object));
  const unavailable = missing ?? observed.nodes?.fault ?? hostConflict(world, object);
  const faults = { fault, refused, missing: unavailable };
  const { drain, replicas } = mediaServer.spec;
  const input = {
    replicas,
    graceSeconds: graceSeconds(drain.timeout),
    deployment,
    pods: observed.pods,
    capturePods: observed.capturePods,
    fleet,
    rosterFault,
    ...faults,
  };
  const selector = Object.entries(selectorOf({ name }))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const endpoints = endpointsOf(mediaServer.spec, name, namespace);
  const fields = { ...firstCounts(object), ...mediaServerNumbers(input), selector, endpoints };
  await report(world, object, mediaServerVerdicts(input), fields);
}

/** Calls `onFleetChange` if the state that apps and hooks derive their status from changed since the last call. */
function tellOfFleet({ onFleetChange }: MediaServerOptions, key: string, fleet: Fleet, pods: readonly Pod[]): void {
  const { fault, rendered, reports } = fleet;
  const { apps = [], findings, hash } = rendered ?? {};
  const state = JSON.stringify([hash, [...apps], findings, fault, fleet.inSync(pods), essence(reports)]);
  if (state === fleet.told) return;
  fleet.told = state;
  onFleetChange(key);
}

/** Referenced Secrets are read again every half minute; a pod that lags behind is retried soon. */
function nextLook(
  { mediaServer, nodes, pods }: Observed,
  { rendered, reports, roster }: Fleet,
  { fault, refused }: Outcome,
): number {
  const waits = pods.some(
    ({ isRunning, uid }) => isRunning && roster && needsRoster(reports.get(uid), roster.revision),
  );
  if (waits) return RETRY_ROSTER_MS;
  const lags = pods.some(({ isRunning, uid }) => isRunning && rendered && needsPush(reports.get(uid), rendered.hash));
  if (lags) return RETRY_PUSH_MS;
  const isBroken = rendered?.findings.some(({ reason }) => reason === 'RefNotFound') ?? false;
  const isTransient = fault?.isTransient || refused?.isTransient || isBroken || nodes?.fault;
  if (isTransient) return CachedReads.missingMs;
  return mediaServer.spec.autoscaling ? SCALE_MS : CachedReads.refreshMs;
}
