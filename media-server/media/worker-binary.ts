import { readFile } from 'node:fs/promises';
import { workerBin as downloadedWorker } from 'mediasoup';
import { type Numbering, WIRE_MAPPING } from '../sdp/numbering.ts';

/** What a worker's executable can do: the official one has not our patch. One that is unreadable fails to start anyhow. */
export async function numberingOf(workerBin: string | null): Promise<Numbering> {
  const binary = await readFile(workerBin ?? downloadedWorker).catch(() => null);
  return binary?.includes(WIRE_MAPPING) ? 'worker' : 'router';
}
