import type { Worker } from 'mediasoup/types';
import type { Clock, Timer } from '../../process/clock.ts';

const LOOK_MS = 3_000;
/** Looks in a row without an answer. Looks and not seconds: after a pause of the whole machine the worker gets its time. */
const MOST_MISSED = 5;

/**
 * Calls `onHung` once when a worker that is alive has not answered for 15 s: requests to a worker have no timeout in
 * mediasoup, and one that is stuck forwards nothing and ends nothing. Over when the worker is.
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
