import type { Clock } from '../../process/clock.ts';
import { type CaptureOrigin, HOLDING_CAUSES, type HoldingCause, holdingCause } from './capture-origin.ts';
import type { Denial, DenyList } from './deny.ts';
import type { Session } from './session.ts';

/** By then the operator has seen the end, and no longer assigns the capture. */
const HOLD_MS = 60_000;

export type CaptureHoldsDeps = {
  readonly clock: Clock;
  readonly deny: Pick<DenyList, 'add' | 'has'>;
  /** Tells the other pods: a program may publish its capture on any of them. */
  readonly tell: (denial: Denial) => void;
};

/**
 * Captures that were ended by an order. Each is refused for a while, whoever publishes it, so that it does not start
 * again before the order is written into its status. A new generation of its spec may start at once.
 */
export class CaptureHolds {
  readonly #deps: CaptureHoldsDeps;

  constructor(deps: CaptureHoldsDeps) {
    this.#deps = deps;
  }

  /** Why a capture must not start yet; null = it may. */
  causeOf(capture: CaptureOrigin): HoldingCause | null {
    return HOLDING_CAUSES.find((cause) => this.#deps.deny.has(keyOf(capture, cause))) ?? null;
  }

  /** Holds the capture of a session from the moment at which an order ends it. */
  watch(session: Session): void {
    session.signal.addEventListener('abort', () => this.#hold(session), { once: true });
  }

  #hold(session: Session): void {
    const { clock, deny, tell } = this.#deps;
    const cause = holdingCause(session);
    if (session.capture === null || cause === null) return;
    const denial = { key: keyOf(session.capture, cause), until: clock.now() + HOLD_MS };
    if (deny.add(denial)) tell(denial);
  }
}

const keyOf = ({ generation, uid }: CaptureOrigin, cause: HoldingCause): string =>
  JSON.stringify(['capture', uid, generation, cause]);
