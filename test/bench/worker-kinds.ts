import type { MediaOptions } from '../../media-server/media/media.ts';

/**
 * What is compared in one run, all by one program: our worker, our worker with a system call for each packet, and one
 * that forwards as mediasoup does, without our numbering of a player's packets.
 */
export const WORKERS = {
  batched: { numbering: 'worker', udpGso: true },
  'one by one': { numbering: 'worker', udpGso: false },
  mediasoup: { numbering: 'router', udpGso: false },
} as const satisfies Record<string, Partial<MediaOptions>>;

export type WorkerKind = keyof typeof WORKERS;
export const WORKER_KINDS = Object.keys(WORKERS) as WorkerKind[];
