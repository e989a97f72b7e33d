import { kill } from 'node:process';
import { createWorker } from 'mediasoup';
import type { Worker, WorkerSettings } from 'mediasoup/types';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts a worker that outlives SIGINT and SIGTERM. mediasoup closes its workers on these signals by itself, but streams
 * must go on while a pod drains: when a worker ends is our decision.
 */
export function startWorkerProcess(settings: WorkerSettings): Promise<Worker> {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  // The listeners are added before the promise is returned.
  const starting = createWorker(settings);
  SIGNALS.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.has(listener)) process.removeListener(signal, listener);
    }
  });
  return starting;
}

/** One that has exited meanwhile is left alone. */
export function killWorker({ pid }: Worker): void {
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
