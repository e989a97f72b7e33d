import { createHash } from 'node:crypto';
import { isNotFound } from './api-error.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType, typeOf } from './objects.ts';
import { parseQuantity } from './quantity.ts';

/** Hash of the last applied object. It reveals fields that are no longer wanted, which `contains` does not. */
const APPLIED_HASH = 'sluice.dev/applied-hash';

/** Applies an object (server-side apply) unless it is up to date. Returns the written object, or null if it was not. */
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

/** Deletes an object, and its dependents in the background. Returns false if it was already gone. */
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

/** Reads one object; null if it does not exist. */
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

/** Fields that hold quantities. The API server normalizes them: `0.5` becomes `500m`. */
const QUANTITIES = ['requests', 'limits'];

/**
 * True if every wanted field is present with the same value; other fields are ignored. An empty value also matches an
 * absent field, because the API server omits it.
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

/** Replaces each quantity with a number. */
function quantitiesOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, parseQuantity(each) ?? each]));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
