import type { Clock, Timer } from '../../../process/clock.ts';
import type { Stream } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';

/** How long a publication may be without an event stream at its start. */
const FIRST_MS = 15_000;

export type AttendanceDeps = { readonly clock: Clock; readonly terminator: Pick<Terminator, 'end'> };

type Attended = { readonly timer: Timer; open: number };

/**
 * Ends the publications of a capture program that is gone, with `disconnect`. A program that is killed says nothing, but
 * its kernel closes its connections: the event stream of each publication.
 */
export class Attendance {
  readonly #deps: AttendanceDeps;
  readonly #attended = new Map<Stream, Attended>();

  constructor(deps: AttendanceDeps) {
    this.#deps = deps;
  }

  /** A publication has started: waits for its first event stream. */
  add(stream: Stream): void {
    if (stream.cause !== null) return;
    const timer = this.#deps.clock.setTimeout(() => this.#end(stream), FIRST_MS);
    this.#attended.set(stream, { timer, open: 0 });
    stream.signal.addEventListener('abort', () => this.#forget(stream), { once: true });
  }

  /** An event stream was opened. Returns what to call when it is closed: the last one takes the publication with it. */
  join(stream: Stream): () => void {
    const attended = this.#attended.get(stream);
    if (!attended) return () => undefined;
    attended.timer.cancel();
    attended.open++;
    return () => {
      attended.open--;
      if (attended.open === 0) this.#end(stream);
    };
  }

  #forget(stream: Stream): void {
    this.#attended.get(stream)?.timer.cancel();
    this.#attended.delete(stream);
  }

  #end(stream: Stream): void {
    // The terminator has reported the failure.
    this.#deps.terminator.end(stream, 'disconnect').catch(() => undefined);
  }
}
