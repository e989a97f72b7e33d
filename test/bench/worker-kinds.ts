import type { MediaOptions } from '../../media-server/media/media.ts';

/** What is compared in one run: our worker, the same one with a system call for each packet, and bare mediasoup. */
export const WORKERS = {
  batched: { numbering: 'worker', udpGso: true },
  'one by one': { numbering: 'worker', udpGso: false },
  'bare mediasoup': { numbering: 'router', udpGso: false },
} as const satisfies Record<string, Partial<MediaOptions>>;

export type WorkerKind = keyof typeof WORKERS;
export const WORKER_KINDS = Object.keys(WORKERS) as WorkerKind[];
