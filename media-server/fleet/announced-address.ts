import { readFile } from 'node:fs/promises';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';

/**
 * The file with the addresses of nodes: a JSON object by node name, written by the operator. Addresses of both
 * families are separated by a comma, as in the downward API.
 */
export type AnnouncedFile = { readonly file: string; readonly node: string };

const LOOK_EVERY_MS = 500;
const SAY_EVERY_MS = 15_000;

/** Waits until the file has the address of this node: the operator can look it up only after the pod is scheduled. */
export async function awaitAnnounced(
  { file, node }: AnnouncedFile,
  clock: Clock,
  log: Log,
): Promise<readonly string[]> {
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const addresses = await read(file, node);
    if (addresses.length > 0) return addresses;
    if (clock.monotonic() - saidAt >= SAY_EVERY_MS) {
      saidAt = clock.monotonic();
      log.info({ node, file }, 'waiting for the external address of the node');
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function read(file: string, node: string): Promise<readonly string[]> {
  try {
    const addresses: Readonly<Record<string, unknown>> = JSON.parse(await readFile(file, 'utf8'));
    const address = addresses[node];
    return typeof address === 'string' ? addressesOf(address) : [];
  } catch {
    // The file does not exist yet, or is being written.
    return [];
  }
}

/** `192.0.2.1,2001:db8::1` */
export const addressesOf = (text: string): readonly string[] => text.split(',').filter((address) => address !== '');
