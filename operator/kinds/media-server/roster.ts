import { fleetKeysOf } from '../../builders/assets-secret.ts';
import { assetsName, rosterName } from '../../builders/common.ts';
import { buildRoster, rosterOf } from '../../builders/roster.ts';
import { read } from '../../kube/apply.ts';
import { type KubeObject, keyOf, TYPES } from '../../kube/objects.ts';
import type { Pod } from '../../pods/pod.ts';
import { pushRoster } from '../../pods/push.ts';
import { nextRoster } from '../../pods/roster.ts';
import type { World } from '../../world/world.ts';
import { applyUncached, takenBy } from './children.ts';
import type { Fault } from './verdicts.ts';

/** What the roster of a MediaServer depends on. */
export type RosterSubject = { readonly object: KubeObject; readonly pods: readonly Pod[] };

/**
 * Writes the roster if it has changed, then sends it to the pods that do not have it. Returns why it could not be
 * written; pods then keep the old one, and new pods wait.
 */
export async function keepRoster(world: World, subject: RosterSubject): Promise<Fault | null> {
  const fleet = world.fleets.of(keyOf(subject.object));
  if (!fleet.client) await findKey(world, subject.object);
  const fault = await writeRoster(world, subject);
  await pushRoster(fleet, subject.pods);
  return fault;
}

/** Pods have the first key of the Secret. Fails silently if it cannot be read: nothing is sent then. */
async function findKey({ fleets, reads }: World, object: KubeObject): Promise<void> {
  const { name, namespace = '' } = object.metadata;
  const [key] = fleetKeysOf(await reads.get(TYPES.Secret, namespace, assetsName({ name })).catch(() => null));
  if (key) fleets.of(keyOf(object)).use(key);
}

async function writeRoster(world: World, { object, pods }: RosterSubject): Promise<Fault | null> {
  const fleet = world.fleets.of(keyOf(object));
  const { name, namespace = '', uid = '' } = object.metadata;
  // Nobody needs a roster before the first pod runs.
  if (!fleet.roster && !pods.some(({ isRunning }) => isRunning)) return null;
  const revisions = fleet.statuses().map(({ fleet: told }) => told?.revision ?? 0);
  const options = { pods, highest: Math.max(0, ...revisions), now: world.clock.now() };
  if (fleet.roster && nextRoster({ ...options, current: fleet.roster }) === fleet.roster) return null;
  try {
    const live = await read(world.client, TYPES.ConfigMap, namespace, rosterName({ name }));
    const taken = takenBy({ object }, live);
    if (taken) return taken;
    const roster = nextRoster({ ...options, current: newest(rosterOf(live), fleet.roster) });
    await applyUncached(world, TYPES.ConfigMap, buildRoster({ name, namespace, uid }, roster), live);
    fleet.roster = roster;
    return null;
  } catch (error) {
    return { reason: 'RosterNotWritten', message: String(error), isTransient: true };
  }
}

type Written = ReturnType<typeof rosterOf>;

/** The ConfigMap may have been deleted or changed by somebody. */
const newest = (one: Written, other: Written): Written =>
  (one?.revision ?? -1) >= (other?.revision ?? -1) ? one : other;
