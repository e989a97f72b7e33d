import type { IceCredentials } from './offer.ts';
import { OfferError } from './offer-error.ts';

const MAX_LENGTH = 32 * 1024;
const MAX_LINES = 256;

/** The part of an `application/trickle-ice-sdpfrag` body that an ICE-lite server needs (RFC 8840); null = missing. */
export type Fragment = { readonly [Part in keyof IceCredentials]: string | null };

const LINE = /^[a-z]=/;
const CREDENTIAL = {
  'ice-ufrag': /^[A-Za-z0-9+/]{4,256}$/,
  'ice-pwd': /^[A-Za-z0-9+/]{22,256}$/,
} as const;

/**
 * Throws `OfferError` if the text is not a fragment. Candidates are not read: an ICE-lite server learns a client's
 * address from its checks, and ignores candidates that it cannot use (RFC 8839 §5.1).
 */
export function parseFragment(text: string): Fragment {
  if (text.length > MAX_LENGTH) throw invalid(`it is longer than ${MAX_LENGTH} characters`);
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw invalid('it is empty');
  if (lines.length > MAX_LINES) throw invalid(`it has more than ${MAX_LINES} lines`);
  const malformed = lines.findIndex((line) => !LINE.test(line));
  if (malformed >= 0) throw invalid(`line ${malformed + 1} is not an SDP line`);
  return { usernameFragment: credential(lines, 'ice-ufrag'), password: credential(lines, 'ice-pwd') };
}

/**
 * The credentials with which a client restarts ICE: any that differ from the current ones
 * (RFC 9725 §4.3.3, RFC 8839 §4.4.1). Null = the fragment belongs to the current ICE session. Throws `OfferError` if
 * only one of them is given.
 */
export function newCredentials(fragment: Fragment, current: IceCredentials): IceCredentials | null {
  const { password, usernameFragment } = fragment;
  const isCurrent =
    (usernameFragment ?? current.usernameFragment) === current.usernameFragment &&
    (password ?? current.password) === current.password;
  if (isCurrent) return null;
  if (usernameFragment === null) throw invalid('it has a new a=ice-pwd but no a=ice-ufrag');
  if (password === null) throw invalid('it has a new a=ice-ufrag but no a=ice-pwd');
  return { usernameFragment, password };
}

export type ServerFragment = {
  readonly ice: IceCredentials;
  /** The m-line that carries the transport. */
  readonly media: { readonly kind: string; readonly mid: string };
  /** Without `a=candidate:`. */
  readonly candidates: readonly string[];
};

/** The answer to an ICE restart: new credentials and the same candidates (RFC 9725 §4.3.3). */
export function writeFragment({ candidates, ice, media }: ServerFragment): string {
  return [
    'a=ice-lite',
    `m=${media.kind} 9 UDP/TLS/RTP/SAVPF 0`,
    `a=mid:${media.mid}`,
    `a=ice-ufrag:${ice.usernameFragment}`,
    `a=ice-pwd:${ice.password}`,
    ...candidates.map((candidate) => `a=candidate:${candidate}`),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/** One transport carries all m-lines, so all credentials of a fragment must be the same. */
function credential(lines: readonly string[], name: keyof typeof CREDENTIAL): string | null {
  const values = new Set(
    lines.filter((line) => line.startsWith(`a=${name}:`)).map((line) => line.slice(name.length + 3)),
  );
  const [value, ...others] = values;
  if (value === undefined) return null;
  if (others.length > 0) throw invalid(`it has several different a=${name}`);
  if (!CREDENTIAL[name].test(value)) throw invalid(`a=${name} has characters or a length that ICE does not allow`);
  return value;
}

function invalid(fault: string): OfferError {
  return new OfferError('fragment_invalid', `the ICE fragment is not valid: ${fault}`);
}
