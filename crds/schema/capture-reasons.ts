import type { EndCause } from './end-causes.ts';

/** Reasons of the condition `Accepted` of a StreamCapture. */
export const ACCEPTED_REASONS = {
  Accepted: 'the capture is accepted',
  InvalidRef: 'a reference does not resolve',
  Conflict: 'an older StreamCapture has the same app and name',
  AddressNotAllowed: 'the address of the source is not allowed',
  CaptureDisabled: 'spec.capture of the MediaServer is not set',
  InvalidSpec: 'the spec breaks a rule of a newer version',
} as const;
export type AcceptedReason = keyof typeof ACCEPTED_REASONS;

/**
 * Reasons of the condition `Capturing` of a StreamCapture; only `Connected` makes it True. While a capture is not
 * accepted, `Capturing` has the reason of `Accepted`.
 */
export const CAPTURING_REASONS = {
  Connected: 'the stream of the source is published',
  Connecting: 'the source is being connected to',
  Unauthorized: 'the source refuses the credentials',
  NotFound: 'the source does not know the path',
  Unreachable: 'the source cannot be reached',
  AddressNotAllowed: 'the name of the source resolves to an address that is not allowed',
  Stalled: 'the source has stopped sending',
  NoMedia: 'the source is connected but sends no media',
  UnsupportedCodec: 'the source has no video as H264',
  BFrames: 'the video has B-frames, which WebRTC cannot carry; turn them off at the source',
  NameInUse: 'another publication has the name',
  Refused: 'the backend or the media server refuses the publication',
  Unavailable: 'no media server takes the publication',
  LimitReached: 'the stream was ended by a limit',
  TerminatedByKeepAlive: 'the backend answered 403 to a keep-alive',
  TerminatedByRest: 'the stream was ended by the REST API',
  TerminatedByResource: 'the stream was ended by a StreamTermination',
  Idle: 'nobody plays the stream',
  Suspended: 'spec.suspend is true',
  NoCapturePod: 'no capture pod is ready or has room',
} as const;
export type CapturingReason = keyof typeof CAPTURING_REASONS;

/** Why the publication of a capture ended. For all others, a StreamTermination (`resource`) is the cause `rest`. */
export type CaptureEndCause = EndCause | 'resource';

/** Why a capture is held: it stays ended until somebody wants it again. */
export const HELD_CAUSES = {
  keepalive: 'TerminatedByKeepAlive',
  rest: 'TerminatedByRest',
  resource: 'TerminatedByResource',
  limit: 'LimitReached',
  refused: 'Refused',
} as const satisfies Readonly<Partial<Record<CaptureEndCause, CapturingReason>>>;
export type HeldCause = keyof typeof HELD_CAUSES;

/** In the message of a capture that is held: stands between why it is held and the command that starts it again. */
export const TO_START_AGAIN = '; to start it again: ';
