import { setLogEventListeners } from 'mediasoup';
import type { Log } from '../../process/logger.ts';
import { readWorkerError, type WorkerPart } from './worker-error.ts';

export type WorkerLogDeps = {
  readonly log: Log;
  /** Each error of a worker, also one that is not logged. */
  readonly onWorkerError: (part: WorkerPart) => void;
};

/**
 * Logs what mediasoup says; it has one listener for the whole process. What a client can cause at will, a worker reports for
 * each packet: such an error is logged at debug when `isNews` says that its origin has not been told of since the last
 * session began.
 */
export function logMediasoup({ log, onWorkerError }: WorkerLogDeps, isNews: IsNews): void {
  setLogEventListeners({
    onwarn: (from, text) => log.debug({ from, text }, 'mediasoup warns'),
    onerror: (from, text, err) => {
      const error = readWorkerError(text);
      if (error) onWorkerError(error.part);
      if (!error || error.part === 'worker') log.warn({ from, text, err }, 'mediasoup reports an error');
      else if (isNews(error.pid, error.origin)) log.debug({ from, text, err }, 'a client causes an error of mediasoup');
    },
  });
}

type IsNews = (pid: number, origin: string) => boolean;
