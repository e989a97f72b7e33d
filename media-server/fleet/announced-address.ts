import { readFile } from 'node:fs/promises';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';

/** Where a pod finds the address of its node: a JSON object of addresses by node name, which the operator writes. */
export type AnnouncedFile = { readonly file: string; readonly node: string };

const LOOK_EVERY_MS = 500;
const SAY_EVERY_MS = 15_000;

/** Waits until the file has the address of this node: a new pod has a node before anyone can look its address up. */
export async function awaitAnnounced({ file, node }: AnnouncedFile, clock: Clock, log: Log): Promise<string> {
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const address = await read(file, node);
    if (address !== null) return address;
    if (clock.monotonic() - saidAt >= SAY_EVERY_MS) {
      saidAt = clock.monotonic();
      log.info({ node, file }, 'waiting for the external address of the node');
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function read(file: string, node: string): Promise<string | null> {
  try {
    const addresses: Readonly<Record<string, unknown>> = JSON.parse(await readFile(file, 'utf8'));
    const address = addresses[node];
    return typeof address === 'string' && address !== '' ? address : null;
  } catch {
    // Not there yet, or being written.
    return null;
  }
}
