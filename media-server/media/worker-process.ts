import childProcess, { type SpawnOptions } from 'node:child_process';
import { kill } from 'node:process';
import { createWorker } from 'mediasoup';
import type { Worker, WorkerSettings } from 'mediasoup/types';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Our worker sends packets one by one if this is `0`. */
const GSO = 'MEDIASOUP_UDP_GSO';

/**
 * Starts a worker that survives SIGINT and SIGTERM. mediasoup closes its workers on these signals, but streams must
 * continue while a pod drains, so this process decides when a worker ends. A worker has a process group of its own,
 * since Ctrl-C reaches the whole group of a terminal.
 */
export function startWorkerProcess(settings: WorkerSettings, { udpGso }: { udpGso: boolean }): Promise<Worker> {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  // The worker gets the environment of this process. mediasoup starts it before it returns the promise.
  const setting = process.env[GSO];
  if (!udpGso) process.env[GSO] = '0';
  const starting = inOwnGroup(() => createWorker(settings));
  if (setting === undefined) delete process.env[GSO];
  else process.env[GSO] = setting;
  SIGNALS.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.has(listener)) process.removeListener(signal, listener);
    }
  });
  return starting;
}

/** Starts processes in groups of their own, for which mediasoup has no option. */
function inOwnGroup<T>(start: () => T): T {
  const { spawn } = childProcess;
  const detached = (command: string, args: readonly string[], options: SpawnOptions) =>
    spawn(command, args, { ...options, detached: true });
  Object.assign(childProcess, { spawn: detached });
  try {
    return start();
  } finally {
    Object.assign(childProcess, { spawn });
  }
}

/** Kills a worker unless it has exited. */
export function killWorker({ pid }: Worker): void {
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
