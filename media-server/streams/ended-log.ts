import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { StreamObject } from '../../crds/schema/stream.ts';

/** A stream that has ended, with why and when (Unix milliseconds). */
export type EndedStream = StreamObject & {
  readonly cause: EndCause;
  readonly endedAt: number;
  /** It was captured, and stays ended until somebody starts it again. */
  readonly held: boolean;
};

const LENGTH = 100;

/** The last hundred streams that ended, newest first. */
export class EndedLog {
  readonly #ended: EndedStream[] = [];

  add(stream: EndedStream): void {
    this.#ended.unshift(stream);
    if (this.#ended.length > LENGTH) this.#ended.pop();
  }

  all(): readonly EndedStream[] {
    return this.#ended;
  }
}
