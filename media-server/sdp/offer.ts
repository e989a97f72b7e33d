import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { OfferError } from './offer-error.ts';

/** Bounds of what is read, far above what any client sends. */
const MAX_LENGTH = 128 * 1024;
const MAX_LINE_LENGTH = 4096;
const MAX_MEDIA = 16;
/** Per m-line. There are 128 payload types; feedback may stand once for each and kind. */
const MAX_LINES = {
  rtp: 128,
  fmtp: 128,
  rtcpFb: 1024,
  ext: 64,
  ssrcs: 128,
  ssrcGroups: 32,
  candidates: 256,
} as const;

export type MediaKind = 'audio' | 'video';
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One m-line of an offer. */
export type OfferedMedia = {
  /** null for data channels and whatever else is not RTP audio or video. */
  readonly kind: MediaKind | null;
  readonly mid: string;
  readonly direction: SdpDirection;
  /** False for an m-line that is switched off: port 0 (RFC 3264 §5.1) without a=bundle-only (RFC 8843 §6). */
  readonly enabled: boolean;
  readonly section: MediaDescription;
};

/** ICE credentials of one side (RFC 8839 §5.4). */
export type IceCredentials = {
  readonly usernameFragment: string;
  readonly password: string;
};

/** An SDP offer, checked and bounded. */
export type Offer = {
  readonly session: SessionDescription;
  readonly media: readonly OfferedMedia[];
  /** Whether the m-lines are in a=group:BUNDLE; a single one need not be. */
  readonly bundled: boolean;
  readonly ice: IceCredentials;
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
  if (session.media.length > MAX_MEDIA)
    throw invalid(`it has ${session.media.length} m-lines, at most ${MAX_MEDIA} are read`);
  const media = session.media.map(readMedia);
  if (media.length === 0) throw invalid('it has no m-line');
  const used = media.filter(({ enabled, kind }) => enabled && kind !== null);
  if (used.length === 0) throw unsupported('it has no enabled audio or video m-line');
  checkMids(media);
  // In a BUNDLE the transport of the first m-line is that of all; others may leave its attributes out (RFC 8843 §7.1.3).
  const [tagged] = used.map(({ section }) => section);
  return {
    session,
    media,
    bundled: isBundled(session, used),
    ice: iceOf(session, tagged),
    fingerprint: fingerprintOf(session, tagged),
    setup: setupOf(session, tagged),
  };
}

function checkText(text: string): void {
  if (text.length > MAX_LENGTH) throw invalid(`it is longer than ${MAX_LENGTH} characters`);
  if (!text.startsWith('v=0')) throw invalid('it does not begin with v=0');
  if (text.split(/\r\n|\r|\n/).some((line) => line.length > MAX_LINE_LENGTH)) {
    throw invalid(`a line is longer than ${MAX_LINE_LENGTH} characters`);
  }
}

function parseText(text: string): SessionDescription {
  try {
    return parse(text);
  } catch (error) {
    throw new OfferError('offer_invalid', 'the SDP offer cannot be parsed', {
      cause: error,
    });
  }
}

function readMedia(section: MediaDescription, index: number): OfferedMedia {
  // The parser makes numbers of what looks like one, wherever it stands.
  const { port, protocol, type } = section as { port?: unknown; protocol?: unknown; type?: unknown };
  if (typeof type !== 'string' || typeof protocol !== 'string' || !Number.isInteger(port)) {
    throw invalid(`m-line ${index + 1} is not of the form "m=type port protocol formats"`);
  }
  const mid = section.mid === undefined ? String(index) : String(section.mid);
  checkSizes(section, mid);
  const kind = type === 'audio' || type === 'video' ? type : null;
  return {
    kind: protocol.includes('RTP') ? kind : null,
    mid,
    direction: directionOf(section.direction),
    enabled: section.port !== 0 || section.bundleOnly !== undefined,
    section,
  };
}

function checkSizes(section: MediaDescription, mid: string): void {
  for (const [name, max] of Object.entries(MAX_LINES)) {
    const lines = section[name as keyof typeof MAX_LINES] ?? [];
    if (lines.length > max) throw invalid(`the m-line with a=mid:${mid} has more than ${max} lines of one kind`);
  }
  const payloadTypes = section.rtp.map(({ payload }) => payload);
  if (payloadTypes.some((type) => !Number.isInteger(type) || type < 0 || type > 127)) {
    throw invalid(`the m-line with a=mid:${mid} has a payload type that is not 0 to 127`);
  }
  if (new Set(payloadTypes).size < payloadTypes.length) {
    throw invalid(`the m-line with a=mid:${mid} has two a=rtpmap for one payload type`);
  }
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

function isBundled(session: SessionDescription, used: readonly OfferedMedia[]): boolean {
  const groups = (session.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const bundled = new Set(groups.flatMap(({ mids }) => String(mids).split(' ')));
  const apart = used.find(({ mid }) => !bundled.has(mid));
  if (!apart) return true;
  if (used.length > 1) throw unsupported(`the m-line with a=mid:${apart.mid} is not in a=group:BUNDLE`);
  return false;
}

function iceOf(session: SessionDescription, tagged: MediaDescription | undefined): IceCredentials {
  if (!tagged?.rtcpMux) throw unsupported('its first audio or video m-line has no a=rtcp-mux');
  const usernameFragment = tagged.iceUfrag ?? session.iceUfrag;
  const password = tagged.icePwd ?? session.icePwd;
  if (!usernameFragment) throw invalid('it has no a=ice-ufrag');
  if (!password) throw invalid('it has no a=ice-pwd');
  return {
    usernameFragment: String(usernameFragment),
    password: String(password),
  };
}

function fingerprintOf(session: SessionDescription, tagged: MediaDescription | undefined): Offer['fingerprint'] {
  const fingerprint = tagged?.fingerprint ?? session.fingerprint;
  if (!fingerprint) throw invalid('it has no a=fingerprint');
  const algorithm = String(fingerprint.type).toLowerCase();
  const hash = String(fingerprint.hash);
  const length = DIGEST_BYTES.get(algorithm);
  if (length === undefined) throw unsupported(`a=fingerprint uses ${algorithm.slice(0, 16)}`);
  if (!/^[0-9A-F]{2}(:[0-9A-F]{2})*$/i.test(hash) || hash.length !== length * 3 - 1) {
    throw invalid('a=fingerprint is not a list of bytes in hex of the length of its algorithm');
  }
  return { algorithm, value: hash.toUpperCase() };
}

const DIGEST_BYTES: ReadonlyMap<string, number> = new Map([
  ['sha-1', 20],
  ['sha-224', 28],
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

function setupOf(session: SessionDescription, tagged: MediaDescription | undefined): Offer['setup'] {
  const setup = tagged?.setup ?? session.setup ?? 'actpass';
  if (setup === 'active' || setup === 'passive' || setup === 'actpass') return setup;
  throw invalid('a=setup is none of actpass, active, passive');
}

function invalid(fault: string): OfferError {
  return new OfferError('offer_invalid', `the SDP offer is not valid: ${fault}`);
}

function unsupported(fault: string): OfferError {
  return new OfferError('offer_unsupported', `the SDP offer cannot be answered: ${fault}`);
}
