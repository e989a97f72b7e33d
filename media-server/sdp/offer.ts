import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { OfferError } from './offer-error.ts';

/** Bounds of what is read, far above what any client sends. */
const MAX_LENGTH = 128 * 1024;
const MAX_MEDIA = 16;
const MAX_LINE_LENGTH = 4096;

export type MediaKind = 'audio' | 'video';
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One m-line of an offer. */
export type OfferedMedia = {
  /** null for data channels and whatever else is not RTP audio or video. */
  readonly kind: MediaKind | null;
  readonly mid: string;
  readonly direction: SdpDirection;
  /** False for an m-line with port 0, which is switched off (RFC 3264 §5.1). */
  readonly enabled: boolean;
  readonly section: MediaDescription;
};

/** An SDP offer, checked and bounded. */
export type Offer = {
  readonly session: SessionDescription;
  readonly media: readonly OfferedMedia[];
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  readonly setup: 'active' | 'passive' | 'actpass';
};

/**
 * Reads an offer as WHIP and WHEP need it: BUNDLE, rtcp-mux, DTLS (RFC 9725 §4.2, RFC 8829). Throws `OfferError` with
 * what is missing.
 */
export function parseOffer(text: string): Offer {
  checkText(text);
  const session = parseText(text);
  const media = session.media.map(readMedia);
  if (media.length === 0) throw invalid('it has no m-line');
  if (media.length > MAX_MEDIA) throw invalid(`it has ${media.length} m-lines, at most ${MAX_MEDIA} are read`);
  const used = media.filter(({ enabled, kind }) => enabled && kind !== null);
  if (used.length === 0) throw unsupported('it has no enabled audio or video m-line');
  checkMids(media);
  checkBundle(session, used);
  for (const { mid, section } of used) checkTransport(session, section, mid);
  return { session, media, fingerprint: fingerprintOf(session, used), setup: setupOf(session, used) };
}

function checkText(text: string): void {
  if (text.length > MAX_LENGTH) throw invalid(`it is longer than ${MAX_LENGTH} characters`);
  if (!text.startsWith('v=0')) throw invalid('it does not begin with v=0');
  if (text.split('\n').some((line) => line.length > MAX_LINE_LENGTH)) {
    throw invalid(`a line is longer than ${MAX_LINE_LENGTH} characters`);
  }
}

function parseText(text: string): SessionDescription {
  try {
    return parse(text);
  } catch (error) {
    throw new OfferError('offer_invalid', 'the SDP offer cannot be parsed', { cause: error });
  }
}

function readMedia(section: MediaDescription, index: number): OfferedMedia {
  const kind = section.type === 'audio' || section.type === 'video' ? section.type : null;
  return {
    kind: section.protocol?.includes('RTP') ? kind : null,
    mid: section.mid === undefined ? String(index) : String(section.mid),
    direction: directionOf(section.direction),
    enabled: section.port !== 0,
    section,
  };
}

/** `sendrecv` is the default (RFC 8866 §6.7). */
function directionOf(direction: string | undefined): SdpDirection {
  return direction === 'sendonly' || direction === 'recvonly' || direction === 'inactive' ? direction : 'sendrecv';
}

function checkMids(media: readonly OfferedMedia[]): void {
  const mids = new Set<string>();
  for (const { mid } of media) {
    // mediasoup writes a mid into at most 8 bytes of a header extension.
    if (mid.length > 8) throw unsupported(`a=mid:${mid.slice(0, 16)} is longer than 8 characters`);
    if (mids.has(mid)) throw invalid(`two m-lines have a=mid:${mid}`);
    mids.add(mid);
  }
}

function checkBundle(session: SessionDescription, used: readonly OfferedMedia[]): void {
  if (used.length === 1) return;
  const groups = (session.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const bundled = new Set(groups.flatMap(({ mids }) => String(mids).split(' ')));
  const apart = used.find(({ mid }) => !bundled.has(mid));
  if (apart) throw unsupported(`the m-line with a=mid:${apart.mid} is not in a=group:BUNDLE`);
}

function checkTransport(session: SessionDescription, section: MediaDescription, mid: string): void {
  if (!section.rtcpMux) throw unsupported(`the m-line with a=mid:${mid} has no a=rtcp-mux`);
  if (!(section.iceUfrag ?? session.iceUfrag)) throw invalid(`the m-line with a=mid:${mid} has no a=ice-ufrag`);
  if (!(section.icePwd ?? session.icePwd)) throw invalid(`the m-line with a=mid:${mid} has no a=ice-pwd`);
}

function fingerprintOf(session: SessionDescription, used: readonly OfferedMedia[]): Offer['fingerprint'] {
  const fingerprint = session.fingerprint ?? used[0]?.section.fingerprint;
  if (!fingerprint) throw invalid('it has no a=fingerprint');
  const algorithm = fingerprint.type.toLowerCase();
  const length = DIGEST_BYTES[algorithm];
  if (length === undefined) throw unsupported(`a=fingerprint uses ${fingerprint.type.slice(0, 16)}`);
  if (!/^[0-9A-F]{2}(:[0-9A-F]{2})*$/i.test(fingerprint.hash) || fingerprint.hash.length !== length * 3 - 1) {
    throw invalid('a=fingerprint is not a list of bytes in hex of the length of its algorithm');
  }
  return { algorithm, value: fingerprint.hash.toUpperCase() };
}

const DIGEST_BYTES: Readonly<Record<string, number>> = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
};

function setupOf(session: SessionDescription, used: readonly OfferedMedia[]): Offer['setup'] {
  const setup = session.setup ?? used[0]?.section.setup ?? 'actpass';
  if (setup === 'active' || setup === 'passive' || setup === 'actpass') return setup;
  throw invalid('a=setup is none of actpass, active, passive');
}

function invalid(fault: string): OfferError {
  return new OfferError('offer_invalid', `the SDP offer is not valid: ${fault}`);
}

function unsupported(fault: string): OfferError {
  return new OfferError('offer_unsupported', `the SDP offer cannot be answered: ${fault}`);
}
