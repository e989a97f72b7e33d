import { type Static, Type } from 'typebox';

/** `publish` = a publication (WHIP, media comes in); `play` = a playback (WHEP, media goes out). */
export type Direction = 'publish' | 'play';

/** Life of a stream (WCS names): NEW → PENDING → PUBLISHING | PLAYING → UNPUBLISHED | STOPPED | FAILED. */
export const STREAM_STATUSES = ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING', 'UNPUBLISHED', 'STOPPED', 'FAILED'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];

/** The statuses of a stream that has not ended: what a filter may ask for. */
export const LIVE_STATUSES = ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING'] as const;

type EndCauseRow = { readonly publish: StreamStatus; readonly play: StreamStatus; readonly info: string };

/**
 * Why a stream ended: final status of a publication and of a playback, and the `info` text that hooks, event streams
 * and the REST API carry. The one table behind the type, the metric label `cause` and the docs.
 */
export const END_CAUSES = {
  client: { publish: 'UNPUBLISHED', play: 'STOPPED', info: 'Stopped by user' },
  publisher_gone: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by publisher stop' },
  disconnect: { publish: 'UNPUBLISHED', play: 'STOPPED', info: 'Stopped by session disconnect' },
  rest: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by rest /terminate' },
  keepalive: { publish: 'FAILED', play: 'FAILED', info: 'Terminated by keep-alive' },
  keepalive_failure: { publish: 'FAILED', play: 'FAILED', info: 'Terminated by keep-alive failure' },
  drain: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by drain' },
  ice: { publish: 'FAILED', play: 'FAILED', info: 'Failed by ICE timeout' },
  dtls: { publish: 'FAILED', play: 'FAILED', info: 'Failed by DTLS error' },
  rtp: { publish: 'FAILED', play: 'FAILED', info: 'Failed by RTP activity' },
  worker_died: { publish: 'FAILED', play: 'FAILED', info: 'Failed by worker death' },
  limit: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by limit' },
  name_conflict: { publish: 'FAILED', play: 'FAILED', info: 'Stream name is already in use' },
  refused: { publish: 'FAILED', play: 'FAILED', info: 'Restricted access' },
  unavailable: { publish: 'FAILED', play: 'FAILED', info: 'Failed by backend error' },
  negotiation: { publish: 'FAILED', play: 'FAILED', info: 'Failed by media negotiation' },
} as const satisfies Record<string, EndCauseRow>;
export type EndCause = keyof typeof END_CAUSES;

/** The status in which a stream of this direction ends for this cause. */
export function finalStatus(cause: EndCause, direction: Direction): StreamStatus {
  return END_CAUSES[cause][direction];
}

/**
 * The WCS stream object: what hooks send and what `find` answers (without `sdp` and `custom.token` there).
 * Fields for which a media server has no value hold the neutral constants of WCS.
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
    origin: Type.String({ description: "The client's `Origin` header, empty when it sent none" }),
    custom: Type.Record(Type.String(), Type.Unknown(), { description: 'What the client passed in its URL' }),
    info: Type.String({ description: 'Why the stream ended, empty while it is live' }),
  },
  { additionalProperties: false },
);
export type StreamObject = Static<typeof StreamObject>;
