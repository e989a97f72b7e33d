import { contains } from './apply.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType } from './objects.ts';

/**
 * After a write its object is looked at again. Until the watch brings what was written, it is compared with what was there
 * before: should that be true again meanwhile, it seems to be written already.
 */
export const AFTER_WRITE_MS = 10_000;

/** Writes these fields of an object's status, unless they are so already. True when it was written. */
export async function writeStatus(
  client: Caller,
  type: ResourceType,
  object: KubeObject,
  status: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  if (contains(object['status'], status)) return false;
  const { name, namespace = null } = object.metadata;
  await client.call('PATCH', `${pathOf(type, namespace, name)}/status`, {
    contentType: 'application/merge-patch+json',
    body: { status },
  });
  return true;
}
