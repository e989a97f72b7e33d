import { type Static, Type } from 'typebox';

/** `publish` = a publication (WHIP, incoming media); `play` = a playback (WHEP, outgoing media). */
export type Direction = 'publish' | 'play';

/** The life cycle of a stream (WCS names): NEW → PENDING → PUBLISHING | PLAYING → UNPUBLISHED | STOPPED | FAILED. */
export const STREAM_STATUSES = ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING', 'UNPUBLISHED', 'STOPPED', 'FAILED'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];

/** The statuses of a stream that has not ended, which a filter can match. */
export const LIVE_STATUSES = ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING'] as const;

/**
 * The WCS stream object, which hooks send and `find` returns (without `sdp` and `custom.token`). Fields for which a
 * media server has no value hold the neutral constants of WCS.
 */
export const StreamObject = Type.Object(
  {
    nodeId: Type.String({ description: '`<pod name>@<announced address>` of the media server that holds the stream' }),
    appKey: Type.String({ description: 'Key of the app, first path segment of the WHIP or WHEP URL' }),
    sessionId: Type.String({ description: 'Opaque id of the session; one WHIP or WHEP resource is one session' }),
    mediaSessionId: Type.String({ description: 'Opaque id of the stream' }),
    name: Type.String({ description: 'Stream name, second path segment of the WHIP or WHEP URL' }),
    published: Type.Boolean({ description: '`true` for a publication, `false` for a playback' }),
    hasVideo: Type.Boolean(),
    hasAudio: Type.Boolean(),
    status: Type.Enum([...STREAM_STATUSES]),
    sdp: Type.Optional(Type.String({ description: "The client's SDP offer; sent to hooks only" })),
    audioCodec: Type.String({ description: 'Negotiated audio codec such as `opus`, empty before negotiation' }),
    videoCodec: Type.String({ description: 'Negotiated video codec such as `H264`, empty before negotiation' }),
    record: Type.Boolean(),
    width: Type.Integer(),
    height: Type.Integer(),
    bitrate: Type.Integer({ description: 'bits per second, 0 = unknown' }),
    minBitrate: Type.Integer(),
    maxBitrate: Type.Integer({ description: 'bits per second, 0 = no limit' }),
    quality: Type.Integer(),
    history: Type.Boolean(),
    gop: Type.Integer(),
    fps: Type.Integer(),
    audioBitrate: Type.Integer(),
    codecImpl: Type.String(),
    transport: Type.String({ description: 'Media transport such as `UDP` or `TCP`, empty before ICE has chosen' }),
    cvoExtension: Type.Boolean(),
    createDate: Type.Integer({ description: 'Unix time in milliseconds' }),
    mediaType: Type.Enum(['publish', 'play']),
    mediaProvider: Type.Literal('WebRTC'),
    origin: Type.String({ description: "The client's `Origin` header; empty if not set" }),
    custom: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What the client passed: the query of its URL, or `custom` of its call of the Web SDK',
    }),
    info: Type.String({ description: 'Why the stream ended, empty while it is live' }),
  },
  { additionalProperties: false },
);
export type StreamObject = Static<typeof StreamObject>;
