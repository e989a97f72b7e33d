import { type Static, Type } from 'typebox';
import { CaptureOrder } from './capture-messages.ts';

// The messages between programs of captures and media servers, on a connection that each program holds to each media
// server: `POST /internal/captures/calls`, with the key of the capture role. Each is the event of a line `{event}`.

export const CALLS_PATH = '/internal/captures/calls';

const { appKey, epoch, name, uid } = CaptureOrder.properties;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A capture of a program, as viewers may ask for it. */
export const CaptureOffer = Type.Object({
  ...{ uid, epoch, appKey, name },
  /** The URL of a camera that speaks RTSP: another name of the stream for viewers. */
  url: Type.Optional(Type.String({ maxLength: 2048 })),
  /** How long a viewer waits for the stream; absent if no viewer starts the capture. */
  startTimeoutMs: Type.Optional(Count),
});
export type CaptureOffer = Static<typeof CaptureOffer>;

/** What a program says. */
export const FromProgram = Type.Union([
  /** All captures of the program: what it said before no longer holds. */
  Type.Object({ captures: Type.Array(CaptureOffer, { maxItems: 1_000 }) }),
  /** A capture that was asked for does not start, in words for viewers, and when it is tried again. */
  Type.Object({ failed: Type.Object({ uid, detail: Type.String({ maxLength: 1024 }), retryMs: Count }) }),
]);
export type FromProgram = Static<typeof FromProgram>;

/** What a media server says: somebody wants to play a capture. */
export const FromMediaServer = Type.Object({ start: Type.Object({ uid }) });
export type FromMediaServer = Static<typeof FromMediaServer>;
