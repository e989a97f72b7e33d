import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import type { Direction } from '../../crds/schema/stream.ts';
import { checkPublication } from './check-publication.ts';
import { invalidOffer, OfferError, unsupportedOffer } from './offer-error.ts';
import { checkWanted, type OfferedMedia, readMedia } from './offered-media.ts';

/** Limits of what is read, far above what any client sends. */
const MAX_LENGTH = 128 * 1024;
const MAX_LINE_LENGTH = 4096;
const MAX_MEDIA = 16;

const NEWLINE = /\r\n|\r|\n/;

/** ICE credentials of one side (RFC 8839 §5.4). */
export type IceCredentials = {
  readonly usernameFragment: string;
  readonly password: string;
};

/** An SDP offer, validated and limited in size. */
export type Offer = {
  readonly session: SessionDescription;
  readonly media: readonly OfferedMedia[];
  /** The m-line whose transport all share: the first wanted one. */
  readonly tagged: OfferedMedia;
  /** The mids of a=group:BUNDLE; a single m-line may be missing from it. */
  readonly bundle: ReadonlySet<string>;
  readonly ice: IceCredentials;
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  readonly setup: 'active' | 'passive' | 'actpass';
};

/**
 * Reads an offer as WHIP and WHEP require it: BUNDLE, rtcp-mux, DTLS (RFC 9725 §4.2, RFC 8829). Only m-lines that such
 * a session can carry media on are validated. Throws an `OfferError` that names the fault.
 */
export function parseOffer(text: string, direction: Direction): Offer {
  checkText(text);
  const session = parseText(text);
  const { length } = session.media;
  if (length === 0) throw invalidOffer('it has no m-line');
  if (length > MAX_MEDIA) throw invalidOffer(`it has ${length} m-lines; the maximum is ${MAX_MEDIA}`);
  const sections = splitSections(text);
  const media = session.media.map((parsed, index) =>
    readMedia({ parsed, lines: sections[index] ?? [], index }, direction),
  );
  const wanted = media.filter((line) => line.wanted);
  const [tagged] = wanted;
  if (!tagged) throw nothingWanted(direction);
  checkWanted(wanted);
  if (direction === 'publish') checkPublication(wanted);
  // In a BUNDLE, the other m-lines may omit the attributes of the transport (RFC 8843 §7.1.3).
  return {
    session,
    media,
    tagged,
    bundle: bundleOf(session, wanted),
    ice: iceOf(session, tagged.section),
    fingerprint: fingerprintOf(session, tagged.section),
    setup: setupOf(session, tagged.section),
  };
}

function checkText(text: string): void {
  if (text.length > MAX_LENGTH) throw invalidOffer(`it is longer than ${MAX_LENGTH} characters`);
  if (!text.startsWith('v=0')) throw invalidOffer('it does not begin with v=0');
  if (text.split(NEWLINE).some((line) => line.length > MAX_LINE_LENGTH)) {
    throw invalidOffer(`a line is longer than ${MAX_LINE_LENGTH} characters`);
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

/** The lines of each m-line's section. */
function splitSections(text: string): string[][] {
  const sections: string[][] = [];
  for (const line of text.split(NEWLINE)) {
    if (line.startsWith('m=')) sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
}

function nothingWanted(direction: Direction): OfferError {
  const verb = direction === 'publish' ? 'sends' : 'receives';
  return unsupportedOffer(`it has no enabled m-line that ${verb} audio or video`);
}

function bundleOf(session: SessionDescription, wanted: readonly OfferedMedia[]): ReadonlySet<string> {
  const groups = (session.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const bundle = new Set(groups.flatMap(({ mids }) => String(mids).split(' ')));
  const apart = wanted.find(({ mid }) => !bundle.has(mid));
  if (apart && wanted.length > 1) {
    throw unsupportedOffer(`the m-line with a=mid:${apart.mid} is not in a=group:BUNDLE`);
  }
  return bundle;
}

function iceOf(session: SessionDescription, tagged: MediaDescription): IceCredentials {
  if (!tagged.rtcpMux) throw unsupportedOffer('its first audio or video m-line has no a=rtcp-mux');
  const usernameFragment = tagged.iceUfrag ?? session.iceUfrag;
  const password = tagged.icePwd ?? session.icePwd;
  if (!usernameFragment) throw invalidOffer('it has no a=ice-ufrag');
  if (!password) throw invalidOffer('it has no a=ice-pwd');
  return {
    usernameFragment: String(usernameFragment),
    password: String(password),
  };
}

function fingerprintOf(session: SessionDescription, tagged: MediaDescription): Offer['fingerprint'] {
  const fingerprint = tagged.fingerprint ?? session.fingerprint;
  if (!fingerprint) throw invalidOffer('it has no a=fingerprint');
  const algorithm = String(fingerprint.type).toLowerCase();
  const hash = String(fingerprint.hash);
  const length = DIGEST_BYTES.get(algorithm);
  if (length === undefined)
    throw unsupportedOffer(`a=fingerprint uses ${algorithm.slice(0, 16)}, which is not supported`);
  if (!/^[0-9A-F]{2}(:[0-9A-F]{2})*$/i.test(hash) || hash.length !== length * 3 - 1) {
    throw invalidOffer('a=fingerprint must be hex bytes of the length that its algorithm has');
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

function setupOf(session: SessionDescription, tagged: MediaDescription): Offer['setup'] {
  const setup = tagged.setup ?? session.setup ?? 'actpass';
  if (setup === 'active' || setup === 'passive' || setup === 'actpass') return setup;
  throw invalidOffer('a=setup must be actpass, active or passive');
}
