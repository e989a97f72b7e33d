import { createHash } from 'node:crypto';
import { isNotFound } from './api-error.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType, typeOf } from './objects.ts';
import { parseQuantity } from './quantity.ts';

/** Hash of what was last applied: finds fields that we no longer want, which a comparison of ours does not show. */
const APPLIED_HASH = 'sluice.dev/applied-hash';

/** Server-side apply, unless the object already is as we want it. Gives what was written; null when nothing was. */
export async function apply(
  client: Caller,
  wanted: KubeObject,
  live: KubeObject | undefined,
): Promise<KubeObject | null> {
  const object = withHash(wanted);
  if (live && contains(live, object)) return null;
  return client.call('PATCH', pathTo(object), {
    query: { force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object,
  });
}

/** Deletes an object, and in the background what it owns. False when it was gone already. */
export async function remove(client: Caller, object: KubeObject): Promise<boolean> {
  const { uid } = object.metadata;
  const body = { propagationPolicy: 'Background', ...(uid ? { preconditions: { uid } } : {}) };
  try {
    await client.call('DELETE', pathTo(object), { body });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Reads one object; null when there is none. */
export async function read(
  client: Caller,
  type: ResourceType,
  namespace: string | null,
  name: string,
): Promise<KubeObject | null> {
  try {
    return await client.call<KubeObject>('GET', pathOf(type, namespace, name));
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

function pathTo(object: KubeObject): string {
  const { name, namespace = null } = object.metadata;
  return pathOf(typeOf(object), namespace, name);
}

function withHash(object: KubeObject): KubeObject {
  const hash = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
  const annotations = { ...object.metadata.annotations, [APPLIED_HASH]: hash };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** These hold quantities, which the API server writes in its own words: `0.5` as `500m`. */
const QUANTITIES = ['requests', 'limits'];

/**
 * True when everything that is wanted is there with the same value; what is there besides does not matter. What is empty
 * is wanted to be absent: the API server leaves it out.
 */
export function contains(live: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (live === undefined || live === null) return isEmpty(wanted);
  if (typeof wanted !== 'object' || wanted === null) return live === wanted;
  if (Array.isArray(wanted)) {
    return Array.isArray(live) && live.length === wanted.length && wanted.every((item, at) => contains(live[at], item));
  }
  return typeof live === 'object' && Object.entries(wanted).every((field) => containsField(live, field));
}

function containsField(live: object, [name, wanted]: [string, unknown]): boolean {
  const value: unknown = Reflect.get(live, name);
  return QUANTITIES.includes(name) ? containsQuantities(value, wanted) : contains(value, wanted);
}

function containsQuantities(live: unknown, wanted: unknown): boolean {
  return contains(quantitiesOf(live), quantitiesOf(wanted));
}

/** With a number for each quantity. */
function quantitiesOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, parseQuantity(each) ?? each]));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
