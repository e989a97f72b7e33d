import { type Static, Type } from 'typebox';
import { AllowedNetwork } from './capture.ts';
import { CAPTURING_REASONS, HELD_CAUSES } from './capture-reasons.ts';

// The messages between the operator and the capture pods on port 9091, by TLS with the key of the capture role.

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Unix time in milliseconds, in the range of Date. */
const Time = Type.Integer({ minimum: 0, maximum: 8.64e15 });
const Text = Type.String({ maxLength: 1024 });
const Id = Type.String({ minLength: 1, maxLength: 253 });

/** Where a stream comes from. Only the pod that captures it is sent the credentials. */
export const CapturedSource = Type.Object({
  kind: Type.Enum(['rtsp', 'rtmp', 'srt']),
  url: Type.String({ minLength: 1, maxLength: 2048 }),
  /** For RTSP. */
  transport: Type.Enum(['TCP', 'UDP']),
  user: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  /** For SRT. */
  passphrase: Type.Optional(Type.String()),
});
export type CapturedSource = Static<typeof CapturedSource>;

/** One capture. */
export const CaptureOrder = Type.Object({
  /** The UID of the StreamCapture. */
  uid: Id,
  /** Differs for each spec and each value of the annotation `sluice.dev/restart`; grows with the spec. */
  generation: Count,
  /** Of several pods that have the same capture the one with the highest epoch is right. */
  epoch: Count,
  appKey: Id,
  name: Type.String({ minLength: 1, maxLength: 256 }),
  source: CapturedSource,
  mode: Type.Enum(['Always', 'OnDemand']),
  startTimeoutMs: Count,
  idleTimeoutMs: Count,
  audio: Type.Enum(['Opus', 'None']),
  stallTimeoutMs: Count,
  afterTermination: Type.Enum(['Stay', 'Restart']),
  allow: Type.Array(AllowedNetwork, { maxItems: 64 }),
});
export type CaptureOrder = Static<typeof CaptureOrder>;

/** A media pod to which captures are published. */
export const MediaPod = Type.Object({
  pod: Id,
  address: Id,
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
});
export type MediaPod = Static<typeof MediaPod>;

/** What the REST API of WCS may capture (`spec.capture.rest`). */
export const PullSettings = Type.Object({
  appKey: Id,
  allow: Type.Array(AllowedNetwork, { maxItems: 64 }),
  /** The most captures of a pod, those of StreamCaptures included. */
  most: Count,
});
export type PullSettings = Static<typeof PullSettings>;

/** A StreamCapture that is held, and that a call of the REST API starts again. */
export const HeldCapture = Type.Object({
  uid: Id,
  appKey: Id,
  name: Type.String({ minLength: 1, maxLength: 256 }),
  url: Type.String({ minLength: 1, maxLength: 2048 }),
  /** When its stream ended. */
  at: Time,
});
export type HeldCapture = Static<typeof HeldCapture>;

/** `PUT /internal/captures`: all captures of the pod; it ends any other. */
export const CapturePush = Type.Object({
  /** Identifies the content; the report repeats it. */
  hash: Type.String({ minLength: 1, maxLength: 64 }),
  mediaPods: Type.Array(MediaPod, { maxItems: 1_000 }),
  captures: Type.Array(CaptureOrder, { maxItems: 1_000 }),
  /** Absent = the REST API captures nothing. */
  pulls: Type.Optional(PullSettings),
  /** All that are held of the MediaServer, if the REST API may start them. */
  held: Type.Optional(Type.Array(HeldCapture, { maxItems: 1_000 })),
});
export type CapturePush = Static<typeof CapturePush>;

const CapturedTrack = Type.Object({
  kind: Type.Enum(['video', 'audio']),
  codec: Type.String({ maxLength: 64 }),
  profile: Type.Optional(Text),
  width: Type.Optional(Count),
  height: Type.Optional(Count),
});

/** The state of one capture. */
export const CaptureState = Type.Object({
  uid: Id,
  generation: Count,
  epoch: Count,
  /** The reason of the condition `Capturing`, and a message without credentials. */
  reason: Type.Enum(Object.keys(CAPTURING_REASONS)),
  message: Text,
  mediaSessionId: Type.Optional(Text),
  connectedAt: Type.Optional(Time),
  restarts: Count,
  /** The stream was ended and stays so for this generation. */
  held: Type.Optional(Type.Object({ cause: Type.Enum(Object.keys(HELD_CAUSES)), info: Text, at: Time })),
  tracks: Type.Array(CapturedTrack, { maxItems: 8 }),
  keyFrameIntervalMs: Type.Optional(Count),
  bitrate: Type.Optional(Count),
});
export type CaptureState = Static<typeof CaptureState>;

/**
 * `GET /internal/captures`, and the response to a push. The operator validates it, because users choose the images of a
 * pod. Unknown fields are allowed; a later version may send them.
 */
export const CaptureReport = Type.Object({
  pod: Type.String(),
  /** The hash of the last push; empty = none since the start. */
  hash: Type.String({ maxLength: 64 }),
  captures: Type.Array(CaptureState, { maxItems: 1_000 }),
  /** Held captures that a call of the REST API starts again: when, and when their stream had ended. */
  resumed: Type.Optional(Type.Array(Type.Object({ uid: Id, at: Time, heldAt: Time }), { maxItems: 1_000 })),
});
export type CaptureReport = Static<typeof CaptureReport>;
