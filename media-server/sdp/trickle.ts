import { OfferError } from './offer-error.ts';

const MAX_LENGTH = 32 * 1024;
const MAX_LINES = 256;

/** An `application/trickle-ice-sdpfrag` body (RFC 8840), as far as an ICE-lite server needs it. */
export type Fragment = { readonly usernameFragment: string; readonly password: string; readonly candidates: number };

const LINE = /^[a-z]=\S.*$/;
const CREDENTIAL = { 'ice-ufrag': /^[A-Za-z0-9+/]{4,256}$/, 'ice-pwd': /^[A-Za-z0-9+/]{22,256}$/ } as const;

/** Throws `OfferError` with the line that is wrong. */
export function parseFragment(text: string): Fragment {
  if (text.length > MAX_LENGTH) throw invalid(`it is longer than ${MAX_LENGTH} characters`);
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines.length > MAX_LINES) throw invalid(`it has more than ${MAX_LINES} lines`);
  const malformed = lines.findIndex((line) => !LINE.test(line));
  if (malformed >= 0) throw invalid(`line ${malformed + 1} is no SDP line`);
  return {
    usernameFragment: credential(lines, 'ice-ufrag'),
    password: credential(lines, 'ice-pwd'),
    candidates: lines.filter((line) => line.startsWith('a=candidate:')).map(checkCandidate).length,
  };
}

/** The answer to an ICE restart: new credentials and the same candidates (RFC 9725 §4.3.3). */
export function writeFragment(
  mids: readonly string[],
  ice: { readonly usernameFragment: string; readonly password: string },
  candidates: readonly string[],
): string {
  const sections = mids.flatMap((mid) => ['m=audio 9 UDP/TLS/RTP/SAVPF 0', `a=mid:${mid}`]).slice(0, 2);
  return [
    'a=ice-lite',
    `a=ice-ufrag:${ice.usernameFragment}`,
    `a=ice-pwd:${ice.password}`,
    ...sections,
    ...candidates.map((candidate) => `a=candidate:${candidate}`),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

function credential(lines: readonly string[], name: keyof typeof CREDENTIAL): string {
  const values = new Set(lines.filter((line) => line.startsWith(`a=${name}:`)).map((line) => line.slice(name.length + 3)));
  const [value, ...others] = values;
  if (value === undefined) throw invalid(`a=${name} is missing`);
  if (others.length > 0) throw invalid(`it has several different a=${name}`);
  if (!CREDENTIAL[name].test(value)) throw invalid(`a=${name} has characters or a length that ICE does not allow`);
  return value;
}

function checkCandidate(line: string): string {
  // foundation component transport priority address port "typ" type (RFC 8839 §5.1)
  if (/^a=candidate:\S{1,32} \d{1,5} \S+ \d{1,10} \S+ \d{1,5} typ \S+/.test(line)) return line;
  throw invalid('an a=candidate line is not of the form of RFC 8839');
}

function invalid(fault: string): OfferError {
  return new OfferError('fragment_invalid', `the ICE fragment is not valid: ${fault}`);
}
