import { once } from 'node:events';
import { createServer } from 'node:net';

/** An abstract socket as lock: the kernel removes it when its process ends in any way, and it leaves no file. */
const NAME = '\0sluice-cluster';

/** Another process is starting or stopping the cluster, which this process must not undo. */
export class ClusterBusyError extends Error {
  /** Exit status of the command: EX_TEMPFAIL of sysexits.h, try again later. */
  static readonly exitCode = 75;

  constructor() {
    super('another process is starting or stopping the cluster; wait until it has finished');
    this.name = 'ClusterBusyError';
  }
}

/** Runs work that starts or stops the cluster. Throws `ClusterBusyError` if another process on this machine does so. */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const lock = createServer().listen(NAME);
  await once(lock, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ClusterBusyError();
  });
  try {
    return await work();
  } finally {
    lock.close();
  }
}
