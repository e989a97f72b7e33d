import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { MediaProvider } from '../../crds/schema/stream.ts';
import type { Session } from './session.ts';

/** What a capture program says of a capture that it publishes. */
export type CaptureOrigin = {
  /** The uid of the StreamCapture. */
  readonly uid: string;
  /** Grows with each assignment of the capture to a program: an older one gives way. */
  readonly epoch: number;
  /** Grows with each attempt of that program to publish it: an older one gives way. */
  readonly attempt: number;
  /** The generation of its spec. */
  readonly generation: number;
  readonly provider: Exclude<MediaProvider, 'WebRTC'>;
  /** Of its spec: whether it stays ended after an order to end it. */
  readonly afterTermination: 'Stay' | 'Restart';
};

/** One attempt to publish a capture, of the program that it was given to. */
export type CaptureEpoch = Pick<CaptureOrigin, 'uid' | 'epoch' | 'attempt'>;

/** Why a capture has not started, for the viewer that asked for it. */
export type NotStarted = { readonly detail: string; readonly retryAfterMs: number };

/** Whether a publication gives its name to another one: both are the same capture, and the other one is newer. */
export function givesWay(held: CaptureEpoch | null | undefined, next: CaptureEpoch | null | undefined): boolean {
  if (held?.uid === undefined || held.uid !== next?.uid) return false;
  return held.epoch < next.epoch || (held.epoch === next.epoch && held.attempt < next.attempt);
}

/** Causes after which a capture stays ended until somebody changes it: somebody has ordered its end. */
export const HOLDING_CAUSES = ['keepalive', 'refused', 'rest', 'limit'] as const satisfies readonly EndCause[];
export type HoldingCause = (typeof HOLDING_CAUSES)[number];

/** Why a capture must not start again at once; null if it may. */
export function holdingCause({ admission, cause }: Pick<Session, 'admission' | 'cause'>): HoldingCause | null {
  // A start that a limit of the server refuses is tried again. The longest duration is reached after `connect` only.
  if (cause === 'limit' && admission !== 'connected') return null;
  return HOLDING_CAUSES.find((each) => each === cause) ?? null;
}

/** Whether a session was that of a capture that stays ended until somebody starts it again. */
export const isHeld = (session: Pick<Session, 'admission' | 'capture' | 'cause'>): boolean =>
  session.capture?.afterTermination === 'Stay' && holdingCause(session) !== null;
