import type { StreamAppSpec } from '../../../crds/schema/stream-app.ts';
import { type KubeObject, TYPES } from '../../kube/objects.ts';
import { AFTER_WRITE_MS, writeStatus } from '../../kube/write-status.ts';
import { podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { conditionsOf, mergeConditions, no, type Verdict } from '../../status/conditions.ts';
import { firstCounts } from '../../status/first-counts.ts';
import { faultsOf, readStreamApp } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { heldUpVerdicts, streamAppVerdicts } from './verdicts.ts';

/** What is applied together comes one after the other: a MediaServer that is missing may be on its way. */
const ON_ITS_WAY_MS = 2_000;

/** The MediaServer makes a StreamApp run; here it is said whether it does. */
export async function reconcileStreamApp(world: World, key: string): Promise<Result> {
  const object = world.stores.streamApps.get(key);
  if (!object || object.metadata.deletionTimestamp) return {};
  if (isAhead(world, object)) return { requeueAfterMs: ON_ITS_WAY_MS };
  const verdicts = verdictsOf(world, object);
  // Its MediaServer has not looked at it yet and will say so when it has.
  if (!verdicts) return {};
  const { generation } = object.metadata;
  const conditions = mergeConditions(conditionsOf(object), verdicts, generation, world.clock);
  const status = { observedGeneration: generation, ...firstCounts(object), conditions };
  const isWritten = await writeStatus(world.client, TYPES.StreamApp, object, status);
  await tellOfFaults(world, object, verdicts);
  return isWritten ? { requeueAfterMs: AFTER_WRITE_MS } : {};
}

/** It was made just now, and its MediaServer is not there yet. */
function isAhead({ clock, stores }: World, object: KubeObject): boolean {
  const ageMs = clock.now() - Date.parse(object.metadata.creationTimestamp ?? '');
  return ageMs < ON_ITS_WAY_MS && stores.mediaServers.get(mediaServerOf(object)) === undefined;
}

/** An Event for each fault that is news. */
async function tellOfFaults(world: World, object: KubeObject, verdicts: readonly Verdict[]): Promise<void> {
  const before = conditionsOf(object);
  for (const { message, reason, status, type } of verdicts) {
    const known = before?.find((each) => each.type === type);
    const isNews = known?.status !== status || known.reason !== reason;
    if (status !== 'False' || !isNews || !['Accepted', 'ResolvedRefs'].includes(type)) continue;
    await world.events.say(object, { type: 'Warning', reason, action: 'Reconcile', note: message });
  }
}

function verdictsOf(world: World, object: KubeObject): Verdict[] | null {
  const { generation = 0, name, namespace = '' } = object.metadata;
  const checked = readStreamApp(object);
  if (!checked.ok) return ['Accepted', 'Programmed'].map((type) => no(type, 'InvalidSpec', faultsOf(checked)));
  const server = checked.resource.spec.mediaServerRef.name;
  const exists = world.stores.mediaServers.get(`${namespace}/${server}`) !== undefined;
  const fleet = world.fleets.find(`${namespace}/${server}`);
  const isJudged = !exists || (fleet?.rendered?.apps.get(name) ?? -1) >= generation;
  // What was said of this generation before the operator started still holds: pods run the last good config.
  if (!isJudged) return fleet?.fault && !isAccepted(object) ? heldUpVerdicts(server, fleet.fault) : null;
  return streamAppVerdicts({
    name,
    spec: checked.resource.spec,
    fleet: exists ? fleet : undefined,
    pods: podsOf(world.stores.pods, namespace, server),
  });
}

function isAccepted(object: KubeObject): boolean {
  const accepted = conditionsOf(object)?.find(({ type }) => type === 'Accepted');
  return accepted?.status === 'True' && accepted.observedGeneration === object.metadata.generation;
}

/** The MediaServer that an app belongs to. */
export function mediaServerOf(object: KubeObject): string {
  const { mediaServerRef } = object['spec'] as StreamAppSpec;
  return `${object.metadata.namespace ?? ''}/${mediaServerRef.name}`;
}
