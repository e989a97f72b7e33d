import { type Static, Type } from 'typebox';
import { CaptureOrder } from './capture-messages.ts';

// The messages between programs of captures and media servers, on a connection that each program holds to each media
// server: `POST /internal/captures/calls`, with the key of the capture role. Each is the event of a line `{event}`.

export const CALLS_PATH = '/internal/captures/calls';
/** Characters of the longest line: all captures of a program, with the longest URLs and names. */
export const LONGEST_CALL = 8 << 20;

const { appKey, epoch, name, uid } = CaptureOrder.properties;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A capture of a program, as viewers may ask for it. */
export const CaptureOffer = Type.Object({
  ...{ uid, epoch, appKey, name },
  /** Without credentials. That of a camera (`rtsp://…`) is another name of the stream for viewers. */
  url: Type.String({ maxLength: 2048 }),
  /** It stays ended until somebody wants it again. */
  isHeld: Type.Optional(Type.Boolean()),
  /** How long a viewer waits for the stream; absent if no viewer starts the capture. */
  startTimeoutMs: Type.Optional(Count),
});
export type CaptureOffer = Static<typeof CaptureOffer>;

/** A call of the REST API, for one program. */
export const PullCall = Type.Union([
  Type.Object({
    start: Type.Object({
      kind: Type.Enum(['rtsp', 'rtmp']),
      /** May hold credentials. */
      uri: Type.String({ maxLength: 2048 }),
      name,
      hasAudio: Type.Boolean(),
    }),
  }),
  /** Ends what `start` has started. */
  Type.Object({ stop: Type.Object({ url: Type.String({ maxLength: 2048 }) }) }),
  /** A StreamCapture that is held is wanted again. */
  Type.Object({ resume: Type.Object({ uid }) }),
  /** All captures of an app. */
  Type.Object({ list: Type.Object({ kind: Type.Enum(['rtsp', 'rtmp']), appKey }) }),
]);
export type PullCall = Static<typeof PullCall>;

export const PulledStream = Type.Object({
  url: Type.String({ maxLength: 2048 }),
  name,
  /** The reason of the condition `Capturing`. */
  reason: Type.String({ maxLength: 64 }),
  mediaSessionId: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type PulledStream = Static<typeof PulledStream>;

export const PullReply = Type.Object({
  /** As the REST API answers. */
  status: Type.Enum([200, 404, 409, 500]),
  detail: Type.String({ maxLength: 1024 }),
  found: Type.Array(PulledStream, { maxItems: 1_000 }),
});
export type PullReply = Static<typeof PullReply>;

/** What a program says. */
export const FromProgram = Type.Union([
  /** All captures of the program: what it said before no longer holds. */
  Type.Object({
    captures: Type.Array(CaptureOffer, { maxItems: 2_000 }),
    /** The app of the captures that the REST API starts; absent = it starts none on this program. */
    pullsFor: Type.Optional(appKey),
  }),
  /** A capture that was asked for does not start, in words for viewers, and when it is tried again. */
  Type.Object({ failed: Type.Object({ uid, detail: Type.String({ maxLength: 1024 }), retryMs: Count }) }),
  /** The answer to a call. */
  Type.Object({ id: Count, reply: PullReply }),
]);
export type FromProgram = Static<typeof FromProgram>;

/** What a media server says: somebody wants to play a capture, or has called the REST API. */
export const FromMediaServer = Type.Union([
  Type.Object({ start: Type.Object({ uid }) }),
  Type.Object({ id: Count, call: PullCall }),
]);
export type FromMediaServer = Static<typeof FromMediaServer>;

/** A call that a program answers, whether it understands it or not. */
export const AnyCall = Type.Object({ id: Count, call: Type.Unknown() });
