import { conditionsOf, type Verdict } from '../../kube/conditions.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { podsOf } from '../../pods/pod.ts';
import type { Result } from '../../runtime/controller.ts';
import { firstCounts } from '../../status/counts.ts';
import { report } from '../../status/report.ts';
import { mediaServerOf } from '../../world/references.ts';
import { faultsOf, readStreamApp } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { heldUpVerdicts, invalidVerdicts, streamAppVerdicts } from './verdicts.ts';

/** Objects applied together arrive one after the other, so a missing MediaServer may be about to arrive. */
const ON_ITS_WAY_MS = 2_000;

/** Only reports whether a StreamApp runs; the reconcile of its MediaServer makes it run. */
export async function reconcileStreamApp(world: World, key: string): Promise<Result> {
  const object = world.stores.streamApps.get(key);
  if (!object || object.metadata.deletionTimestamp) return {};
  if (isOfOther(world, object)) return {};
  if (isAhead(world, object)) return { requeueAfterMs: ON_ITS_WAY_MS };
  const verdicts = verdictsOf(world, object);
  // The MediaServer has not processed this generation yet and queues the app again when it has.
  if (!verdicts) return {};
  return report(world, object, verdicts, firstCounts(object));
}

/** Another operator manages its MediaServer and writes the status. */
function isOfOther({ ownership, stores }: World, object: KubeObject): boolean {
  const mediaServer = stores.mediaServers.get(mediaServerOf(object));
  return mediaServer !== undefined && ownership.isForeign(mediaServer);
}

/** The app was created just now, before its MediaServer. */
function isAhead({ clock, stores }: World, object: KubeObject): boolean {
  const ageMs = clock.now() - Date.parse(object.metadata.creationTimestamp ?? '');
  return ageMs < ON_ITS_WAY_MS && stores.mediaServers.get(mediaServerOf(object)) === undefined;
}

function verdictsOf(world: World, object: KubeObject): Verdict[] | null {
  const { generation = 0, name, namespace = '' } = object.metadata;
  const checked = readStreamApp(object);
  if (!checked.ok) return invalidVerdicts(faultsOf(checked));
  const server = checked.resource.spec.mediaServerRef.name;
  const exists = world.stores.mediaServers.get(`${namespace}/${server}`) !== undefined;
  const fleet = world.fleets.find(`${namespace}/${server}`);
  const isJudged = !exists || (fleet?.rendered?.apps.get(name) ?? -1) >= generation;
  // Conditions written for this generation before a restart still hold: pods run the last good config.
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
