import { readFile } from 'node:fs/promises';
import { workerBin as downloadedWorker } from 'mediasoup';
import { type Numbering, WIRE_MAPPING } from '../sdp/numbering.ts';

/** Reads from a worker's executable whether it has our patch. An unreadable executable fails to start anyway. */
export async function numberingOf(workerBin: string | null): Promise<Numbering> {
  const binary = await readFile(workerBin ?? downloadedWorker).catch(() => null);
  return binary?.includes(WIRE_MAPPING) ? 'worker' : 'router';
}
