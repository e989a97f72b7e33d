import type { IceCredentials } from './offer.ts';
import { OfferError } from './offer-error.ts';

const MAX_LENGTH = 32 * 1024;
const MAX_LINES = 256;

/** An `application/trickle-ice-sdpfrag` body (RFC 8840), as far as an ICE-lite server needs it. */
export type Fragment = {
  /** What the candidates belong to; null when the fragment does not say. */
  readonly ice: IceCredentials | null;
  readonly candidates: number;
  readonly endOfCandidates: boolean;
};

const LINE = /^[a-z]=\S.*$/;
const CREDENTIAL = {
  'ice-ufrag': /^[A-Za-z0-9+/]{4,256}$/,
  'ice-pwd': /^[A-Za-z0-9+/]{22,256}$/,
} as const;

/** Throws `OfferError` with the line that is wrong. */
export function parseFragment(text: string): Fragment {
  if (text.length > MAX_LENGTH) throw invalid(`it is longer than ${MAX_LENGTH} characters`);
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  if (lines.length === 0) throw invalid('it is empty');
  if (lines.length > MAX_LINES) throw invalid(`it has more than ${MAX_LINES} lines`);
  const malformed = lines.findIndex((line) => !LINE.test(line));
  if (malformed >= 0) throw invalid(`line ${malformed + 1} is no SDP line`);
  checkMids(lines);
  return {
    ice: credentialsOf(lines),
    candidates: lines.filter((line) => line.startsWith('a=candidate:')).map(checkCandidate).length,
    endOfCandidates: lines.includes('a=end-of-candidates'),
  };
}

/**
 * Tells candidates for the ICE session that is under way from the wish for a new one: a client restarts ICE by sending
 * other credentials than those it has now (RFC 9725 §4.3.3, RFC 8839 §4.4.1).
 */
export function fragmentKind({ ice }: Fragment, current: IceCredentials): 'trickle' | 'restart' {
  if (!ice) return 'trickle';
  const same = ice.usernameFragment === current.usernameFragment && ice.password === current.password;
  return same ? 'trickle' : 'restart';
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

/** One transport carries all m-lines: all credentials of a fragment are the same. */
function credentialsOf(lines: readonly string[]): IceCredentials | null {
  const usernameFragment = credential(lines, 'ice-ufrag');
  const password = credential(lines, 'ice-pwd');
  if (usernameFragment === null && password === null) return null;
  if (usernameFragment === null) throw invalid('it has a=ice-pwd and no a=ice-ufrag');
  if (password === null) throw invalid('it has a=ice-ufrag and no a=ice-pwd');
  return { usernameFragment, password };
}

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

function checkMids(lines: readonly string[]): void {
  const malformed = lines.find((line) => line.startsWith('a=mid:') && !/^a=mid:[!-~]{1,16}$/.test(line));
  if (malformed !== undefined) throw invalid('an a=mid line has no identification of 1 to 16 characters');
}

function checkCandidate(line: string): string {
  // foundation component transport priority address port "typ" type (RFC 8839 §5.1)
  if (/^a=candidate:\S{1,32} \d{1,5} \S+ \d{1,10} \S+ \d{1,5} typ \S+/.test(line)) return line;
  throw invalid('an a=candidate line is not of the form of RFC 8839');
}

function invalid(fault: string): OfferError {
  return new OfferError('fragment_invalid', `the ICE fragment is not valid: ${fault}`);
}
