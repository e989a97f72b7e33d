import type {
  RtpCapabilities,
  RtpCodecCapability,
  RtpCodecParameters,
  RtpHeaderExtensionUri,
  RtpParameters,
} from 'mediasoup-client/types';
import type { AcceptedSection, AnswerSection } from './answer.ts';
import { matchSection } from './match.ts';
import type { MediaKind, Offer, OfferedMedia } from './offer.ts';
import { OfferError } from './offer-error.ts';
import { type Allowed, codecName } from './publish.ts';

/** A track of a publication, as any player could have it: mediasoup's consumable parameters. */
export type PlayableTrack = { readonly id: string; readonly kind: MediaKind; readonly rtpParameters: RtpParameters };

/** What to consume for one m-line, and how to answer it once mediasoup has given the SSRCs. */
export type PlayedTrack = {
  readonly trackId: string;
  readonly kind: MediaKind;
  readonly codec: string;
  readonly mid: string;
  readonly rtpCapabilities: RtpCapabilities;
};

export type PlayNegotiation = {
  readonly tracks: readonly PlayedTrack[];
  /** In the order of the offer; `ssrcs` of the accepted ones by mid come from the consumers. */
  readonly sections: (encodings: ReadonlyMap<string, RtpParameters>) => AnswerSection[];
};

/** The feedback entry in which the worker finds the offer's numbers (worker patch 0002). */
const WIRE_MAPPING = 'sluice-wire';

/** mediasoup sends bandwidth probes with this payload type and an SSRC of its own. */
const PROBATION_PAYLOAD_TYPE = 127;

/** Chooses a track for each m-line of a WHEP offer. Throws `OfferError` when none of them can be sent. */
export function negotiatePlay(offer: Offer, playable: readonly PlayableTrack[], allowed: Allowed): PlayNegotiation {
  const unused = new Map(playable.map((track) => [track.kind, track]));
  const negotiated = offer.media.map((media) => {
    const track = media.kind !== null && allowed.kinds.has(media.kind) ? unused.get(media.kind) : undefined;
    const match = track && receives(media) ? matchTrack(media, track) : null;
    if (match) unused.delete(match.track.kind);
    return { media, match };
  });
  const matches = negotiated.flatMap(({ match }) => (match ? [match] : []));
  if (matches.length === 0) throw nothingToPlay(playable);
  const wire = wireMapping(offer, matches);
  return {
    tracks: matches.map((match) => playedTrack(match, wire)),
    sections: (consumers) =>
      negotiated.map(({ match, media }) => {
        const consumer = match ? consumers.get(media.mid) : undefined;
        if (!match || !consumer) return { kind: 'rejected', media };
        return acceptedSection(match, consumer, allowed.maxBitrate);
      }),
  };
}

type TrackMatch = {
  readonly media: OfferedMedia;
  readonly track: PlayableTrack;
  readonly codec: RtpCodecParameters;
  readonly rtx: RtpCodecParameters | undefined;
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly rtcpFeedback: RtpCodecParameters['rtcpFeedback'];
  /** id in the offer ↔ id of the router */
  readonly extensions: readonly MatchedExtension[];
};

type MatchedExtension = { readonly uri: RtpHeaderExtensionUri; readonly offerId: number; readonly routerId: number };

function receives({ direction, enabled }: OfferedMedia): boolean {
  return enabled && (direction === 'recvonly' || direction === 'sendrecv');
}

function matchTrack(media: OfferedMedia, track: PlayableTrack): TrackMatch | null {
  const { codecs, headerExtensions = [] } = track.rtpParameters;
  const capabilities: RtpCapabilities = {
    codecs: codecs.map((codec) => capabilityOf(codec, track.kind)),
    headerExtensions: headerExtensions.map(({ id, uri }) => ({
      kind: track.kind,
      uri,
      preferredId: id,
      preferredEncrypt: false,
      direction: 'sendrecv',
    })),
  };
  const match = matchSection(media.section, capabilities);
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
    rtcpFeedback: matched.rtcpFeedback,
    extensions: match.headerExtensions.map(({ recvId, sendId, uri }) => ({ uri, offerId: sendId, routerId: recvId })),
  };
}

function capabilityOf(codec: RtpCodecParameters, kind: MediaKind): RtpCodecCapability {
  const { payloadType, ...rest } = codec;
  return { ...rest, kind, preferredPayloadType: payloadType };
}

/** All consumers of a transport have the same mapping: in a BUNDLE the numbers of all m-lines are one space. */
function wireMapping(offer: Offer, matches: readonly TrackMatch[]): string {
  const payloadTypes = matches.flatMap(({ codec, payloadType, rtx, rtxPayloadType }) => [
    `${codec.payloadType}:${payloadType}`,
    ...(rtx && rtxPayloadType !== undefined ? [`${rtx.payloadType}:${rtxPayloadType}`] : []),
  ]);
  const probation = `${PROBATION_PAYLOAD_TYPE}:${unusedPayloadType(offer)}`;
  const extensions = new Map(matches.flatMap((match) => match.extensions.map((ext) => [ext.routerId, ext.offerId])));
  const ids = [...extensions].map(([routerId, offerId]) => `${routerId}:${offerId}`);
  return `pt=${[...payloadTypes, probation].join(',')};ext=${ids.join(',')}`;
}

/** A probe with a payload type of the offer would be taken for media. 64 to 95 are left to RTCP (RFC 5761 §4). */
function unusedPayloadType(offer: Offer): number {
  const used = new Set(offer.media.flatMap(({ section }) => section.rtp.map(({ payload }) => payload)));
  for (let candidate = 127; candidate >= 0; candidate--) {
    if (!used.has(candidate) && (candidate < 64 || candidate > 95)) return candidate;
  }
  return PROBATION_PAYLOAD_TYPE;
}

function playedTrack(match: TrackMatch, wire: string): PlayedTrack {
  const { codec, extensions, media, rtcpFeedback = [], rtx, rtxPayloadType, track } = match;
  const feedback = [...rtcpFeedback, { type: WIRE_MAPPING, parameter: wire }];
  const codecs = [{ ...capabilityOf(codec, track.kind), rtcpFeedback: feedback }];
  if (rtx && rtxPayloadType !== undefined) codecs.push({ ...capabilityOf(rtx, track.kind), rtcpFeedback: [] });
  return {
    trackId: track.id,
    kind: track.kind,
    codec: codecName(codec.mimeType),
    mid: media.mid,
    rtpCapabilities: {
      codecs,
      headerExtensions: extensions.map(({ routerId, uri }) => ({
        kind: track.kind,
        uri,
        preferredId: routerId,
        preferredEncrypt: false,
        direction: 'sendrecv',
      })),
    },
  };
}

function acceptedSection(match: TrackMatch, consumer: RtpParameters, maxBitrate: number): AcceptedSection {
  const { codec, extensions, media, payloadType, rtx, rtxPayloadType, track } = match;
  const used = new Set((consumer.headerExtensions ?? []).map(({ id }) => id));
  const feedback = consumer.codecs[0]?.rtcpFeedback ?? [];
  const codecs: RtpCodecParameters[] = [
    { ...codec, payloadType, rtcpFeedback: feedback.filter(({ type }) => type !== WIRE_MAPPING) },
  ];
  if (rtx && rtxPayloadType !== undefined) {
    codecs.push({ ...rtx, payloadType: rtxPayloadType, parameters: { apt: payloadType }, rtcpFeedback: [] });
  }
  const encoding = consumer.encodings?.[0];
  return {
    kind: 'accepted',
    media,
    direction: 'sendonly',
    codecs,
    headerExtensions: extensions
      .filter(({ routerId }) => used.has(routerId))
      .map(({ offerId, uri }) => ({ uri, id: offerId })),
    rids: [],
    maxBitrate: track.kind === 'video' ? maxBitrate : 0,
    source: {
      ssrc: encoding?.ssrc ?? 0,
      rtxSsrc: encoding?.rtx?.ssrc,
      cname: consumer.rtcp?.cname ?? 'sluice',
      trackId: track.id,
    },
  };
}

function nothingToPlay(playable: readonly PlayableTrack[]): OfferError {
  const codecs = playable.map(({ rtpParameters }) => codecName(rtpParameters.codecs[0]?.mimeType ?? '')).join(', ');
  return new OfferError(
    'offer_unsupported',
    `the SDP offer cannot be answered: no m-line receives what is published (${codecs})`,
  );
}
