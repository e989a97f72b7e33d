import type { CaptureReport, HeldCapture } from '../../crds/schema/capture-messages.ts';
import type { Clock } from '../../process/clock.ts';

type Entry = NonNullable<CaptureReport['resumed']>[number];

/** Held captures that the REST API starts again, until the operator has seen it. */
export class Resumed {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #heldHere: (uid: string) => number | undefined;
  /** When captures were ended, as the operator has written down. */
  #held: ReadonlyMap<string, number> = new Map();
  readonly #entries = new Map<string, Entry>();

  /** `heldHere` says when a capture of this pod was ended that is held; the operator may not know yet. */
  constructor(clock: Pick<Clock, 'now'>, heldHere: (uid: string) => number | undefined) {
    this.#clock = clock;
    this.#heldHere = heldHere;
  }

  get all(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Returns false if no capture is held with this uid. */
  add(uid: string): boolean {
    const heldAt = this.#heldAt(uid);
    if (heldAt === undefined) return false;
    this.#entries.set(uid, { uid, at: this.#clock.now(), heldAt });
    return true;
  }

  /** Takes over what is held, and forgets captures that are not, or that were ended again. */
  set(held: readonly HeldCapture[]): void {
    this.#held = new Map(held.map(({ at, uid }) => [uid, at]));
    for (const { heldAt, uid } of this.#entries.values()) {
      if (secondOf(this.#heldAt(uid)) !== secondOf(heldAt)) this.#entries.delete(uid);
    }
  }

  #heldAt(uid: string): number | undefined {
    return this.#held.get(uid) ?? this.#heldHere(uid);
  }
}

/** Times in Kubernetes have no milliseconds. */
const secondOf = (ms = Number.NaN): number | null => (Number.isNaN(ms) ? null : Math.floor(ms / 1_000));
