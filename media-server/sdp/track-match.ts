import type {
  RtpCodecCapability,
  RtpCodecParameters,
  RtpHeaderExtension,
  RtpHeaderExtensionUri,
  RtpParameters,
} from 'mediasoup-client/types';
import { anyProfile } from './h264.ts';
import { matchSection } from './match.ts';
import type { MediaKind, OfferedMedia } from './offered-media.ts';

/** A track of a publication with mediasoup's consumable parameters, as any player can receive it. */
export type PlayableTrack = { readonly id: string; readonly kind: MediaKind; readonly rtpParameters: RtpParameters };

/** A track and its m-line, with the numbers of both sides. */
export type TrackMatch = {
  readonly media: OfferedMedia;
  readonly track: PlayableTrack;
  /** With the router's payload type. */
  readonly codec: RtpCodecParameters;
  readonly rtx: RtpCodecParameters | undefined;
  /** The offer's payload types. */
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly rtcpFeedback: NonNullable<RtpCodecParameters['rtcpFeedback']>;
  readonly extensions: readonly MatchedExtension[];
};

export type MatchedExtension = {
  readonly uri: RtpHeaderExtensionUri;
  readonly offerId: number;
  readonly routerId: number;
};

/** Null when the m-line cannot receive the track. */
export function matchTrack(media: OfferedMedia, track: PlayableTrack): TrackMatch | null {
  const { codecs, headerExtensions = [] } = track.rtpParameters;
  const [published] = codecs;
  if (!published) return null;
  const capabilities = {
    codecs: codecs.map((codec) => codecCapability(codec, track.kind)),
    headerExtensions: headerExtensions.map(({ id, uri }) => extensionCapability(track.kind, uri, id)),
  };
  const match = matchSection(media.section, capabilities, anyProfile(published));
  const matched = match.codecs[0];
  const codec = matched && codecs.find(({ payloadType }) => payloadType === matched.remotePayloadType);
  if (!matched || !codec) return null;
  return {
    media,
    track,
    codec,
    rtx: codecs.find(({ payloadType }) => payloadType === matched.remoteRtxPayloadType),
    payloadType: matched.localPayloadType,
    rtxPayloadType: matched.localRtxPayloadType,
    rtcpFeedback: matched.rtcpFeedback ?? [],
    extensions: match.headerExtensions.map(({ recvId, sendId, uri }) => ({ uri, offerId: sendId, routerId: recvId })),
  };
}

export function codecCapability(codec: RtpCodecParameters, kind: MediaKind): RtpCodecCapability {
  const { payloadType, ...rest } = codec;
  return { ...rest, kind, preferredPayloadType: payloadType };
}

export function extensionCapability(
  kind: MediaKind,
  uri: RtpHeaderExtensionUri,
  preferredId: number,
): RtpHeaderExtension {
  return { kind, uri, preferredId, preferredEncrypt: false, direction: 'sendrecv' };
}
