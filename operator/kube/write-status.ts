import { contains } from './apply.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType } from './objects.ts';

/**
 * When to reconcile an object again after a write to its status. Until the watch delivers the write, the cached status
 * is the old one. If the old status becomes right again in that time, `writeStatus` wrongly skips the write.
 */
export const AFTER_WRITE_MS = 10_000;

/** Writes these fields of an object's status unless they are up to date. Returns true if it wrote. */
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
