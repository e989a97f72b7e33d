import type { RtpCapabilities, RtpCodecCapability, RtpCodecParameters, RtpParameters } from 'mediasoup-client/types';
import type { AcceptedSection, AnswerSection } from './answer.ts';
import { playParameters } from './answered-parameters.ts';
import { type Allowed, codecName } from './negotiate-publish.ts';
import { type Numbering, numberTracks, WIRE_MAPPING } from './numbering.ts';
import type { Offer } from './offer.ts';
import { invalidOffer, type OfferError, unsupportedOffer } from './offer-error.ts';
import type { MediaKind } from './offered-media.ts';
import { matchTrack, type PlayableTrack, type TrackMatch } from './track-match.ts';
import { unusedSection } from './unused-media.ts';

/** What to consume for one m-line. */
export type PlayedTrack = {
  readonly trackId: string;
  readonly kind: MediaKind;
  readonly codec: string;
  readonly mid: string;
  readonly rtpCapabilities: RtpCapabilities;
};

export type PlayNegotiation = {
  readonly tracks: readonly PlayedTrack[];
  /** Codecs of the router that the consumers need, with the offer's payload types; null = no special router. */
  readonly routerCodecs: readonly RtpCodecCapability[] | null;
  /** Makes the m-lines of the answer from mediasoup's parameters of the consumers, by mid. */
  readonly sections: (consumers: ReadonlyMap<string, RtpParameters>) => AnswerSection[];
};

/** Chooses a track for each m-line of a WHEP offer. Throws `OfferError` when no track can be sent. */
export function negotiatePlay(
  offer: Offer,
  playable: readonly PlayableTrack[],
  allowed: Allowed,
  numbering: Numbering,
): PlayNegotiation {
  const matched = matchOffer(offer, playable, allowed);
  if (matched.length === 0) throw nothingToPlay(playable);
  checkPayloadTypes(matched);
  const { capabilities, matches, routerCodecs } = numberTracks(offer, matched, numbering);
  const byMedia = new Map(matches.map((match) => [match.media, match]));
  return {
    tracks: matches.map(({ codec, media, track }, index) => ({
      trackId: track.id,
      kind: track.kind,
      codec: codecName(codec.mimeType),
      mid: media.mid,
      rtpCapabilities: capabilities[index] ?? {},
    })),
    routerCodecs,
    sections: (consumers) =>
      offer.media.map((media) => {
        const match = byMedia.get(media);
        const consumer = consumers.get(media.mid);
        return match && consumer ? acceptedSection(match, consumer, allowed.maxBitrate) : unusedSection(offer, media);
      }),
  };
}

/** Each track goes to the first m-line that can receive it. */
function matchOffer(offer: Offer, playable: readonly PlayableTrack[], allowed: Allowed): TrackMatch[] {
  const unused = new Map(playable.filter(({ kind }) => allowed.kinds.has(kind)).map((track) => [track.kind, track]));
  return offer.media.flatMap((media) => {
    const track = media.kind === null ? undefined : unused.get(media.kind);
    const match = track && media.wanted ? matchTrack(media, track) : null;
    if (!match) return [];
    unused.delete(match.track.kind);
    return [match];
  });
}

/** Two codecs of a BUNDLE cannot share a payload type (RFC 8843 §9.1). */
function checkPayloadTypes(matches: readonly TrackMatch[]): void {
  const types = matches.flatMap(({ payloadType, rtxPayloadType }) =>
    rtxPayloadType === undefined ? [payloadType] : [payloadType, rtxPayloadType],
  );
  if (new Set(types).size < types.length) throw invalidOffer('two codecs have the same payload type');
}

function acceptedSection(match: TrackMatch, consumer: RtpParameters, maxBitrate: number): AcceptedSection {
  const { extensions, media, track } = match;
  const used = new Set((consumer.headerExtensions ?? []).map(({ id }) => id));
  const encoding = consumer.encodings?.[0];
  return {
    kind: 'accepted',
    media,
    direction: 'sendonly',
    codecs: answeredCodecs(match, consumer),
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

function answeredCodecs(match: TrackMatch, consumer: RtpParameters): RtpCodecParameters[] {
  const { codec, media, payloadType, rtx, rtxPayloadType } = match;
  const feedback = consumer.codecs[0]?.rtcpFeedback ?? [];
  const format = { section: media.section, payloadType, codec: codecName(codec.mimeType) };
  const answered = {
    ...codec,
    payloadType,
    parameters: playParameters(format, codec.parameters),
    rtcpFeedback: feedback.filter(({ type }) => type !== WIRE_MAPPING),
  };
  if (!rtx || rtxPayloadType === undefined) return [answered];
  return [answered, { ...rtx, payloadType: rtxPayloadType, parameters: { apt: payloadType }, rtcpFeedback: [] }];
}

function nothingToPlay(playable: readonly PlayableTrack[]): OfferError {
  const codecs = playable.map(({ rtpParameters }) => codecName(rtpParameters.codecs[0]?.mimeType ?? '')).join(', ');
  return unsupportedOffer(`no m-line receives what is published (${codecs})`);
}
