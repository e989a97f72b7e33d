import { kill } from 'node:process';
import { createWorker } from 'mediasoup';
import type { Worker, WorkerSettings } from 'mediasoup/types';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts a worker that survives SIGINT and SIGTERM. mediasoup closes its workers on these signals, but streams must
 * continue while a pod drains, so this process decides when a worker ends.
 */
export function startWorkerProcess(settings: WorkerSettings): Promise<Worker> {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  // mediasoup adds its listeners before it returns the promise.
  const starting = createWorker(settings);
  SIGNALS.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.has(listener)) process.removeListener(signal, listener);
    }
  });
  return starting;
}

/** Kills a worker unless it has exited. */
export function killWorker({ pid }: Worker): void {
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
