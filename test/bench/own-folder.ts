import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onInterrupt } from './interrupts.ts';

/**
 * Runs a benchmark with a temporary folder of its own, in which it and the programs that it starts write. Removes it
 * afterwards, also when the benchmark is interrupted.
 */
export async function inOwnFolder<T>(run: () => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  // The cluster's image is made by programs that run as other users.
  await chmod(folder, 0o711);
  // A server that is being stopped may still write.
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const forget = onInterrupt(remove);
  process.env['TMPDIR'] = folder;
  try {
    return await run();
  } finally {
    forget();
    await remove();
  }
}
