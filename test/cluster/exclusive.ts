import { once } from 'node:events';
import { createServer } from 'node:net';

/** An abstract socket: it is gone with the process that holds it, however that ends, and leaves no file. */
const NAME = '\0sluice-cluster';

/** What another process does to the cluster is not ours to take away. */
export class ClusterBusyError extends Error {
  /** Exit status of the command that met it: EX_TEMPFAIL of sysexits.h, try again later. */
  static readonly exitCode = 75;

  constructor() {
    super('another process is starting or stopping the cluster: let it end first');
    this.name = 'ClusterBusyError';
  }
}

/** Runs what starts or stops the cluster. Throws `ClusterBusyError` while another process of this machine is at it. */
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
