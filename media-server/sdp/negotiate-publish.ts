import { getSendingRemoteRtpParameters, getSendingRtpParameters, reduceCodecs } from 'mediasoup-client/ortc';
import type { RtpCapabilities, RtpCodecParameters, RtpEncodingParameters, RtpParameters } from 'mediasoup-client/types';
import type { MediaDescription } from 'sdp-transform';
import type { AcceptedSection, AnswerSection } from './answer.ts';
import { publishParameters } from './answered-parameters.ts';
import { h264ForRouter } from './h264.ts';
import { matchSection } from './match.ts';
import type { Offer } from './offer.ts';
import { invalidOffer, type OfferError, unprocessableOffer, unsupportedOffer } from './offer-error.ts';
import type { MediaKind, OfferedMedia } from './offered-media.ts';
import { unusedSection } from './unused-media.ts';

/** What a session may negotiate. */
export type Allowed = {
  /** Lower-case codec names. */
  readonly codecs: ReadonlySet<string>;
  readonly kinds: ReadonlySet<MediaKind>;
  /** Bits per second; 0 = no limit. */
  readonly maxBitrate: number;
};

export type PublishedTrack = {
  readonly kind: MediaKind;
  readonly codec: string;
  readonly rtpParameters: RtpParameters;
  /** Simulcast layers in the order of the offer, lowest first. */
  readonly layers: readonly string[];
};

export type PublishNegotiation = {
  readonly tracks: readonly PublishedTrack[];
  readonly sections: readonly AnswerSection[];
};

const MAX_LAYERS = 8;

/**
 * Chooses one codec per m-line of a WHIP offer. Throws `OfferError` when an m-line has no allowed codec, and when no
 * m-line is allowed.
 */
export function negotiatePublish(offer: Offer, router: RtpCapabilities, allowed: Allowed): PublishNegotiation {
  const negotiated = offer.media.map((media) => {
    const { kind, wanted } = media;
    if (!wanted || kind === null || !allowed.kinds.has(kind)) return { section: unusedSection(offer, media) };
    return negotiateTrack({ media, kind }, router, allowed);
  });
  const tracks = negotiated.flatMap((result) => ('track' in result ? [result.track] : []));
  if (tracks.length === 0) throw unsupportedOffer('no m-line sends audio or video that is allowed here');
  return { tracks, sections: negotiated.map(({ section }) => section) };
}

type NegotiatedTrack = {
  readonly track: PublishedTrack;
  readonly section: AcceptedSection;
};

type SentMedia = { readonly media: OfferedMedia; readonly kind: MediaKind };

function negotiateTrack({ kind, media }: SentMedia, router: RtpCapabilities, allowed: Allowed): NegotiatedTrack {
  const { mid, section } = media;
  const match = matchSection(section, router, h264ForRouter);
  match.codecs = match.codecs.filter(({ mimeType }) => allowed.codecs.has(codecName(mimeType)));
  const first = match.codecs[0];
  if (!first) throw noCodec({ media, kind }, router, allowed);
  match.codecs = [first];

  const sending = getSendingRtpParameters(kind, match);
  const answering = getSendingRemoteRtpParameters(kind, match);
  const { encodings, layers } = encodingsOf(section);
  return {
    track: {
      kind,
      codec: codecName(first.mimeType),
      layers,
      rtpParameters: {
        ...sending,
        mid,
        codecs: reduceCodecs(sending.codecs),
        encodings,
        rtcp: { cname: cnameOf(section) },
      },
    },
    section: {
      kind: 'accepted',
      media,
      direction: 'recvonly',
      codecs: reduceCodecs(answering.codecs).map((codec) => withOfferedParameters(codec, section)),
      headerExtensions: answering.headerExtensions ?? [],
      rids: ridsOf(section),
      maxBitrate: kind === 'video' ? allowed.maxBitrate : 0,
    },
  };
}

/** RTX keeps its only parameter, the payload type that it belongs to. */
function withOfferedParameters(codec: RtpCodecParameters, section: MediaDescription): RtpCodecParameters {
  const name = codecName(codec.mimeType);
  if (name === 'rtx') return codec;
  return { ...codec, parameters: publishParameters({ section, payloadType: codec.payloadType, codec: name }) };
}

function noCodec({ kind, media }: SentMedia, { codecs = [] }: RtpCapabilities, allowed: Allowed): OfferError {
  const names = codecs.filter((codec) => codec.kind === kind).map(({ mimeType }) => codecName(mimeType));
  const possible = [...new Set(names)].filter((name) => allowed.codecs.has(name)).join(', ') || 'none';
  return unprocessableOffer(
    `the m-line with a=mid:${media.mid} has no ${kind} codec that is allowed here (${possible})`,
  );
}

export function codecName(mimeType: string): string {
  return (mimeType.split('/')[1] ?? '').toLowerCase();
}

type Encodings = {
  readonly layers: readonly string[];
  readonly encodings: RtpEncodingParameters[];
};

/** One encoding, or one per simulcast layer, by RID (RFC 8853) or by SSRC for older clients (`SIM` group). */
function encodingsOf(section: MediaDescription): Encodings {
  const rids = ridsOf(section);
  if (rids.length > 0) return { layers: rids, encodings: rids.map((rid) => ({ rid })) };
  const ssrcs = ssrcsOf(section);
  if (ssrcs.length > MAX_LAYERS) throw tooMany('SSRCs in a=ssrc-group:SIM', MAX_LAYERS);
  const encodings = ssrcs.map((ssrc) => ({ ssrc, ...rtxOf(section, ssrc) }));
  // Without a signalled SSRC, mediasoup finds the stream by mid or payload type.
  if (encodings.length === 0) return { layers: [], encodings: [{}] };
  return {
    layers: encodings.length > 1 ? encodings.map((_, index) => String(index)) : [],
    encodings,
  };
}

/** Layers of `a=simulcast:send` in its order, including paused ones (`~`). */
function ridsOf({ simulcast }: MediaDescription): string[] {
  const list = simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.dir2 === 'send' ? simulcast.list2 : undefined;
  if (list === undefined) return [];
  const layers = String(list)
    .split(';')
    .map((alternatives) => (alternatives.split(',')[0] ?? '').replace(/^~/, ''));
  if (layers.length > MAX_LAYERS) throw tooMany('simulcast layers', MAX_LAYERS);
  if (layers.some((rid) => !/^[\w-]{1,32}$/.test(rid)))
    throw invalidOffer('a=simulcast names a layer that is not a valid rid');
  if (new Set(layers).size < layers.length) throw invalidOffer('a=simulcast names a layer twice');
  return layers;
}

function ssrcsOf(section: MediaDescription): number[] {
  const simulcast = section.ssrcGroups?.find(({ semantics }) => semantics === 'SIM');
  if (simulcast) return ssrcList(simulcast.ssrcs);
  const [first] = section.ssrcs ?? [];
  return first ? ssrcList(String(first.id)) : [];
}

function rtxOf(section: MediaDescription, ssrc: number): { rtx?: { ssrc: number } } {
  const groups = (section.ssrcGroups ?? []).filter(({ semantics }) => semantics === 'FID');
  const pair = groups.map(({ ssrcs }) => ssrcList(ssrcs)).find(([primary]) => primary === ssrc);
  return pair?.[1] === undefined ? {} : { rtx: { ssrc: pair[1] } };
}

function ssrcList(text: string): number[] {
  const ssrcs = String(text).split(/ +/).map(Number);
  if (ssrcs.every((ssrc) => Number.isInteger(ssrc) && ssrc >= 0 && ssrc < 2 ** 32)) return ssrcs;
  throw invalidOffer('a=ssrc or a=ssrc-group has a value that is not a valid SSRC');
}

function cnameOf(section: MediaDescription): string {
  const cname = section.ssrcs?.find(({ attribute }) => attribute === 'cname')?.value;
  return String(cname ?? 'sluice').slice(0, 255);
}

function tooMany(what: string, max: number): OfferError {
  return unsupportedOffer(`more than ${max} ${what} in one m-line`);
}
