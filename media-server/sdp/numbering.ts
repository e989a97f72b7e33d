import type { RtpCapabilities, RtpCodecCapability } from 'mediasoup-client/types';
import type { Offer } from './offer.ts';
import { codecCapability, extensionCapability, type TrackMatch } from './track-match.ts';

/**
 * Who gives packets the payload types of a WHEP offer (RFC 3264 §6.1): the worker, when it has been built with our patch
 * 0002; or a router that was made for these payload types. A router cannot renumber header extensions, so that none are
 * negotiated, which leaves REMB instead of transport-cc; nor can it choose the payload type of RTX, which leaves plain
 * retransmissions.
 */
export type Numbering = 'worker' | 'router';

/** The feedback entry in which a patched worker finds the offer's numbers; its binary contains this text. */
export const WIRE_MAPPING = 'sluice-wire';

/** mediasoup sends bandwidth probes with this payload type and an SSRC of its own. */
const PROBATION_PAYLOAD_TYPE = 127;

const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

export type Numbered = {
  /** What of each match can be answered. */
  readonly matches: readonly TrackMatch[];
  /** What to consume each with. */
  readonly capabilities: readonly RtpCapabilities[];
  /** Codecs of the router that the consumers need; null = the router of the publication does, or any that it is piped to. */
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

/** What of a match is left when a router gives the numbers. */
function withoutNumbers(match: TrackMatch): TrackMatch {
  const rtcpFeedback = match.rtcpFeedback.filter(({ type }) => type !== 'transport-cc');
  return { ...match, rtcpFeedback, rtx: undefined, rtxPayloadType: undefined, extensions: [] };
}

/**
 * The packets of a router carry its own header extensions, which a client that has negotiated none ignores. The consumer
 * gets abs-send-time all the same: without it mediasoup takes no notice of REMB.
 */
function routerCapabilities({ codec, payloadType, rtcpFeedback, track }: TrackMatch): RtpCapabilities {
  const absSendTime = (track.rtpParameters.headerExtensions ?? []).filter(({ uri }) => uri === ABS_SEND_TIME);
  return {
    codecs: [codecCapability({ ...codec, payloadType, rtcpFeedback }, track.kind)],
    headerExtensions: absSendTime.map(({ id, uri }) => extensionCapability(track.kind, uri, id)),
  };
}

/** Null when the tracks have the right payload types already. Audio first, so that the RTX of video takes none of it. */
function routerCodecs(matches: readonly TrackMatch[]): RtpCodecCapability[] | null {
  if (matches.every(({ codec, payloadType }) => codec.payloadType === payloadType)) return null;
  return matches
    .map(({ codec, payloadType, track }) => codecCapability({ ...codec, payloadType, rtcpFeedback: [] }, track.kind))
    .sort((a, b) => a.kind.localeCompare(b.kind));
}
