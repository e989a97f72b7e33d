import { getSendingRemoteRtpParameters, getSendingRtpParameters, reduceCodecs } from 'mediasoup-client/ortc';
import type { RtpCapabilities, RtpEncodingParameters, RtpParameters } from 'mediasoup-client/types';
import type { MediaDescription } from 'sdp-transform';
import type { AcceptedSection, AnswerSection } from './answer.ts';
import { matchSection } from './match.ts';
import type { MediaKind, Offer, OfferedMedia } from './offer.ts';
import { OfferError } from './offer-error.ts';

/** What a session allows of an offer. */
export type Allowed = {
  /** Lower-case codec names. */
  readonly codecs: ReadonlySet<string>;
  readonly kinds: ReadonlySet<MediaKind>;
  /** bits per second, 0 = no limit */
  readonly maxBitrate: number;
};

export type PublishedTrack = {
  readonly kind: MediaKind;
  readonly codec: string;
  readonly rtpParameters: RtpParameters;
  /** Simulcast layers, lowest first as the offer lists them. */
  readonly layers: readonly string[];
};

export type PublishNegotiation = {
  readonly tracks: readonly PublishedTrack[];
  readonly sections: readonly AnswerSection[];
};

const MAX_LAYERS = 8;

/** Chooses one codec per m-line of a WHIP offer. Throws `OfferError` when nothing of it can be received. */
export function negotiatePublish(offer: Offer, router: RtpCapabilities, allowed: Allowed): PublishNegotiation {
  const taken = new Set<MediaKind>();
  const negotiated = offer.media.map((media) => {
    const result = negotiateTrack(media, router, allowed, taken);
    if (result) taken.add(result.track.kind);
    return result;
  });
  const tracks = negotiated.flatMap((result) => (result ? [result.track] : []));
  if (tracks.length === 0) {
    const codecs = [...allowed.codecs].join(', ');
    throw new OfferError(
      'offer_unsupported',
      `the SDP offer cannot be answered: no m-line sends audio or video in a codec that is allowed here (${codecs})`,
    );
  }
  return {
    tracks,
    sections: negotiated.map(
      (result, index) => result?.section ?? { kind: 'rejected', media: offeredAt(offer, index) },
    ),
  };
}

type NegotiatedTrack = {
  readonly track: PublishedTrack;
  readonly section: AcceptedSection;
};

/** One audio and one video track make a stream; further m-lines of a kind are rejected. */
function negotiateTrack(
  media: OfferedMedia,
  router: RtpCapabilities,
  allowed: Allowed,
  taken: ReadonlySet<MediaKind>,
): NegotiatedTrack | null {
  const { enabled, kind, mid, section } = media;
  const sends = media.direction === 'sendonly' || media.direction === 'sendrecv';
  if (!enabled || !sends || kind === null || taken.has(kind) || !allowed.kinds.has(kind)) return null;

  const match = matchSection(section, router);
  match.codecs = match.codecs.filter(({ mimeType }) => allowed.codecs.has(codecName(mimeType)));
  const first = match.codecs[0];
  if (!first) return null;
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
      codecs: reduceCodecs(answering.codecs),
      headerExtensions: answering.headerExtensions ?? [],
      rids: ridsOf(section),
      maxBitrate: kind === 'video' ? allowed.maxBitrate : 0,
    },
  };
}

export function codecName(mimeType: string): string {
  return (mimeType.split('/')[1] ?? '').toLowerCase();
}

type Encodings = {
  readonly layers: readonly string[];
  readonly encodings: RtpEncodingParameters[];
};

/** One encoding, or one per simulcast layer: by RID (RFC 8853), or by SSRC as older clients do it (`SIM` group). */
function encodingsOf(section: MediaDescription): Encodings {
  const rids = ridsOf(section);
  if (rids.length > 0) return { layers: rids, encodings: rids.map((rid) => ({ rid })) };
  const ssrcs = ssrcsOf(section);
  if (ssrcs.length > MAX_LAYERS) throw tooMany('SSRCs in a=ssrc-group:SIM', MAX_LAYERS);
  const encodings = ssrcs.map((ssrc) => ({ ssrc, ...rtxOf(section, ssrc) }));
  // mediasoup finds the stream by mid or payload type when no SSRC is signalled.
  if (encodings.length === 0) return { layers: [], encodings: [{}] };
  return {
    layers: encodings.length > 1 ? encodings.map((_, index) => String(index)) : [],
    encodings,
  };
}

/** Layers of `a=simulcast:send` in its order; a paused one (`~`) is listed as well. */
function ridsOf({ simulcast }: MediaDescription): string[] {
  const list = simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.dir2 === 'send' ? simulcast.list2 : undefined;
  if (list === undefined) return [];
  const layers = String(list)
    .split(';')
    .map((alternatives) => (alternatives.split(',')[0] ?? '').replace(/^~/, ''));
  if (layers.length > MAX_LAYERS) throw tooMany('simulcast layers', MAX_LAYERS);
  if (layers.some((rid) => !/^[\w-]{1,32}$/.test(rid))) throw invalid('a=simulcast names a layer that is no rid');
  if (new Set(layers).size < layers.length) throw invalid('a=simulcast names a layer twice');
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
  throw invalid('a=ssrc or a=ssrc-group has what is no SSRC');
}

function cnameOf(section: MediaDescription): string {
  const cname = section.ssrcs?.find(({ attribute }) => attribute === 'cname')?.value;
  return String(cname ?? 'sluice').slice(0, 255);
}

function invalid(fault: string): OfferError {
  return new OfferError('offer_invalid', `the SDP offer is not valid: ${fault}`);
}

function tooMany(what: string, max: number): OfferError {
  return new OfferError(
    'offer_unsupported',
    `the SDP offer cannot be answered: more than ${max} ${what} in one m-line`,
  );
}

function offeredAt(offer: Offer, index: number): OfferedMedia {
  const media = offer.media[index];
  if (!media) throw new RangeError(`no m-line ${index}`);
  return media;
}
