import type { Worker } from 'mediasoup/types';
import type { Clock, Timer } from '../../process/clock.ts';

const LOOK_MS = 3_000;
/** Missed checks in a row. Counted in checks, not seconds, so that a worker gets its time after the machine paused. */
const MOST_MISSED = 5;

/**
 * Calls `onHung` once when a living worker has not answered for 15 s. Requests to a worker have no timeout in
 * mediasoup, and a stuck worker neither forwards media nor ends streams. The watch stops when the worker does.
 */
export function watchWorker(worker: Worker, clock: Clock, onHung: () => void): void {
  let asked = false;
  let missed = 0;
  const answered = (): void => {
    asked = false;
    missed = 0;
  };
  const look = (): void => {
    if (asked) missed++;
    if (missed >= MOST_MISSED) {
      onHung();
      return;
    }
    if (!asked) {
      asked = true;
      worker.getResourceUsage().then(answered, answered);
    }
    timer = clock.setTimeout(look, LOOK_MS);
  };
  let timer: Timer = clock.setTimeout(look, LOOK_MS);
  worker.observer.once('close', () => timer.cancel());
}
