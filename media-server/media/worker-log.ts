import { setLogEventListeners } from 'mediasoup';
import type { Log } from '../../process/logger.ts';
import { readWorkerError, type WorkerPart } from './worker-error.ts';

/** Part of the texts of our worker about batched sends. */
const GSO = 'UDP GSO';

export type WorkerLogDeps = {
  readonly log: Log;
  /** Called for each error of a worker, logged or not. */
  readonly onWorkerError: (part: WorkerPart) => void;
};

/**
 * Logs mediasoup's messages; mediasoup has one listener for the whole process. A worker reports errors that clients can
 * cause at will for each packet. Such an error is logged at debug level, and only if `isNews` says that its origin was
 * not logged since the last session began.
 */
export function logMediasoup({ log, onWorkerError }: WorkerLogDeps, isNews: IsNews): void {
  setLogEventListeners({
    onwarn: (from, text) => {
      if (text.includes(GSO)) log.warn({ text }, 'the kernel or the network does not take several packets at once');
      else log.debug({ from, text }, 'mediasoup warns');
    },
    onerror: (from, text, err) => {
      const error = readWorkerError(text);
      if (error) onWorkerError(error.part);
      if (!error || error.part === 'worker') log.warn({ from, text, err }, 'mediasoup reports an error');
      else if (isNews(error.pid, error.origin)) log.debug({ from, text, err }, 'a client caused a mediasoup error');
    },
  });
}

type IsNews = (pid: number, origin: string) => boolean;
