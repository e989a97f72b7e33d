import { labelsOf } from '../../builders/common.ts';
import { isNotFound, isRefusal } from '../../kube/api-error.ts';
import { apply, read, remove } from '../../kube/apply.ts';
import { type KubeObject, keyOf, type ResourceType, typeOf } from '../../kube/objects.ts';
import { storeOf } from '../../world/stores.ts';
import type { World } from '../../world/world.ts';
import { type Observed, OPTIONAL_TYPES } from './observe.ts';
import type { Fault } from './verdicts.ts';

/** Secrets and ConfigMaps are not watched, so a cached read is dropped after each write. */
export async function applyUncached(
  world: World,
  type: ResourceType,
  object: KubeObject,
  live: KubeObject | null,
): Promise<KubeObject | null> {
  const { name, namespace = '' } = object.metadata;
  // The API server may have carried out a write whose response was lost.
  let written: KubeObject | null = object;
  try {
    written = await apply(world.client, object, live ?? undefined);
    return written;
  } finally {
    if (written) world.reads.forget(type, namespace, name);
  }
}

export type ChildFaults = {
  /** The cluster has no such kind. */
  readonly missing: Fault | null;
  /** The API server refused the object. */
  readonly refused: Fault | null;
};

/** Applies all children; a refused one does not stop the others. Adds each applied object to `written`. */
export async function applyChildren(
  world: World,
  observed: Observed,
  children: readonly KubeObject[],
  written: KubeObject[],
): Promise<ChildFaults> {
  let [missing, refused]: [Fault | null, Fault | null] = [null, null];
  for (const object of children) {
    try {
      const { taken, written: mine } = await applyChild(world, observed, object);
      refused ??= taken;
      if (mine) written.push(mine);
    } catch (error) {
      const [unavailable, refusal] = [missingKind(object, error), refusalOf(object, error)];
      if (!unavailable && !refusal) throw error;
      missing ??= unavailable;
      refused ??= refusal;
    }
  }
  return { missing, refused };
}

/** `taken`: why the object was not written. */
type Applied = { readonly taken: Fault | null; readonly written: KubeObject | null };

async function applyChild(world: World, observed: Observed, object: KubeObject): Promise<Applied> {
  const optional = optionalTypeOf(object);
  const live = optional ? liveOptional(observed, object) : await liveOf(world, object);
  const taken = takenBy(observed, live);
  if (taken) return { taken, written: null };
  const written = optional
    ? await applyUncached(world, optional, object, live)
    : await apply(world.client, object, live ?? undefined);
  return { taken: null, written };
}

/**
 * A fault if an object with this name exists that the MediaServer does not own; such an object is left alone. It may be
 * a child of a deleted MediaServer of the same name.
 */
export function takenBy({ object }: Pick<Observed, 'object'>, live: KubeObject | null): Fault | null {
  if (!live || isOwned(live, object)) return null;
  const { kind, metadata } = live;
  return {
    reason: 'NameTaken',
    isTransient: true,
    message: `${kind} "${metadata.name}" already exists and is not owned by this MediaServer`,
  };
}

export const isOwned = ({ metadata }: KubeObject, owner: KubeObject): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;

function missingKind(object: KubeObject, error: unknown): Fault | null {
  if (!isNotFound(error) || !optionalTypeOf(object)) return null;
  const { kind } = object;
  return { reason: `${kind}Unavailable`, message: `the CRD of ${kind} is not installed in this cluster` };
}

/**
 * Quotes the message of the API server, without the request. A quota may be raised; and the API server refuses owners
 * of a kind whose CRD was only just installed.
 */
export function refusalOf({ kind, metadata }: KubeObject, error: unknown): Fault | null {
  if (!isRefusal(error)) return null;
  const why = error.message.replace(/^[A-Z]+ \S+: /, '');
  const message = `the API server refuses ${kind} "${metadata.name}": ${why}`;
  return { reason: `${kind}Refused`, message, isTransient: true };
}

const optionalTypeOf = ({ kind }: KubeObject): ResourceType | undefined =>
  OPTIONAL_TYPES.find((type) => type.kind === kind);

const liveOptional = ({ optional }: Observed, { kind }: KubeObject): KubeObject | null =>
  optional.find((each) => each.kind === kind) ?? null;

/** The live object with the name of a child. Only objects with our labels are watched; any other is read. */
async function liveOf(world: World, object: KubeObject): Promise<KubeObject | null> {
  const { name, namespace = null } = object.metadata;
  return (
    storeOf(world.stores, object.kind)?.get(keyOf(object)) ??
    (await read(world.client, typeOf(object), namespace, name))
  );
}

/** Deletes children that are no longer wanted. */
export async function prune(
  world: World,
  { object, optional }: Observed,
  children: readonly KubeObject[],
): Promise<void> {
  const { name, namespace = '' } = object.metadata;
  const wanted = new Set(children.map((child) => `${child.kind}/${child.metadata.name}`));
  const watched = ['Ingress', 'NetworkPolicy', 'PodDisruptionBudget', 'Deployment'].flatMap(
    (kind) => storeOf(world.stores, kind)?.list(namespace, labelsOf({ name })) ?? [],
  );
  for (const live of [...watched, ...optional]) {
    if (!isOwned(live, object) || wanted.has(`${live.kind}/${live.metadata.name}`)) continue;
    await remove(world.client, live);
    const type = optionalTypeOf(live);
    if (type) world.reads.forget(type, namespace, name);
  }
}
