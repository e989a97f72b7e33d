import type { RtpCapabilities, RtpCodecCapability } from 'mediasoup-client/types';
import type { Offer } from './offer.ts';
import { codecCapability, extensionCapability, type TrackMatch } from './track-match.ts';

/**
 * What gives packets the payload types of a WHEP offer (RFC 3264 §6.1): the worker, if it was built with our patch
 * 0002, or a router for these payload types. A router cannot renumber header extensions, so none are negotiated, which
 * leaves REMB instead of transport-cc. It cannot choose the payload type of RTX either, which leaves plain
 * retransmissions.
 */
export type Numbering = 'worker' | 'router';

/** The feedback entry from which a patched worker reads the offer's numbers; its binary contains this text. */
export const WIRE_MAPPING = 'sluice-wire';

/** mediasoup sends bandwidth probes with this payload type and a separate SSRC. */
const PROBATION_PAYLOAD_TYPE = 127;

const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

export type Numbered = {
  /** The part of each match that can be answered. */
  readonly matches: readonly TrackMatch[];
  /** The capabilities to consume each match with. */
  readonly capabilities: readonly RtpCapabilities[];
  /** Codecs of the router that the consumers need; null = the publication's router or any that it is piped to. */
  readonly routerCodecs: readonly RtpCodecCapability[] | null;
};

export function numberTracks(offer: Offer, matches: readonly TrackMatch[], numbering: Numbering): Numbered {
  if (numbering === 'worker') {
    const wire = wireMapping(offer, matches);
    return { matches, capabilities: matches.map((match) => wireCapabilities(match, wire)), routerCodecs: null };
  }
  const plain = matches.map(withoutNumbers);
  return { matches: plain, capabilities: plain.map(routerCapabilities), routerCodecs: routerCodecs(plain) };
}

function wireCapabilities(match: TrackMatch, wire: string): RtpCapabilities {
  const { codec, extensions, rtcpFeedback, rtx, track } = match;
  const feedback = [...rtcpFeedback, { type: WIRE_MAPPING, parameter: wire }];
  const codecs = [{ ...codecCapability(codec, track.kind), rtcpFeedback: feedback }];
  if (rtx) codecs.push({ ...codecCapability(rtx, track.kind), rtcpFeedback: [] });
  return {
    codecs,
    headerExtensions: extensions.map(({ routerId, uri }) => extensionCapability(track.kind, uri, routerId)),
  };
}

/** All consumers of a transport have the same mapping, since the m-lines of a BUNDLE share one number space. */
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

/** A client would treat a probe with a payload type of the offer as media. RTCP uses 64 to 95 (RFC 5761 §4). */
function unusedPayloadType(offer: Offer): number {
  const used = new Set(offer.media.flatMap(({ section }) => section.rtp.map(({ payload }) => payload)));
  for (let candidate = 127; candidate >= 0; candidate--) {
    if (!used.has(candidate) && (candidate < 64 || candidate > 95)) return candidate;
  }
  return PROBATION_PAYLOAD_TYPE;
}

/** The part of a match that remains when a router does the numbering. */
function withoutNumbers(match: TrackMatch): TrackMatch {
  const rtcpFeedback = match.rtcpFeedback.filter(({ type }) => type !== 'transport-cc');
  return { ...match, rtcpFeedback, rtx: undefined, rtxPayloadType: undefined, extensions: [] };
}

/**
 * The packets of a router carry its own header extensions, which a client that negotiated none ignores. The consumer
 * still gets abs-send-time, without which mediasoup ignores REMB.
 */
function routerCapabilities({ codec, payloadType, rtcpFeedback, track }: TrackMatch): RtpCapabilities {
  const absSendTime = (track.rtpParameters.headerExtensions ?? []).filter(({ uri }) => uri === ABS_SEND_TIME);
  return {
    codecs: [codecCapability({ ...codec, payloadType, rtcpFeedback }, track.kind)],
    headerExtensions: absSendTime.map(({ id, uri }) => extensionCapability(track.kind, uri, id)),
  };
}

/** Null when the tracks already have the right payload types. Audio is first, so that RTX takes none of its types. */
function routerCodecs(matches: readonly TrackMatch[]): RtpCodecCapability[] | null {
  if (matches.every(({ codec, payloadType }) => codec.payloadType === payloadType)) return null;
  return matches
    .map(({ codec, payloadType, track }) => codecCapability({ ...codec, payloadType, rtcpFeedback: [] }, track.kind))
    .sort((a, b) => a.kind.localeCompare(b.kind));
}
