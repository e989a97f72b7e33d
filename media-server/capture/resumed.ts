import type { CaptureReport } from '../../crds/schema/capture-messages.ts';
import type { Clock } from '../../process/clock.ts';

type Entries = NonNullable<CaptureReport['resumed']>;

/** Held captures that the REST API starts again, until the operator has seen it. */
export class Resumed {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #at = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get all(): Entries {
    return [...this.#at].map(([uid, at]) => ({ uid, at }));
  }

  add(uid: string): true {
    this.#at.set(uid, this.#clock.now());
    return true;
  }

  /** Forgets the captures that are gone. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#at.keys()) if (!uids.has(uid)) this.#at.delete(uid);
  }
}
