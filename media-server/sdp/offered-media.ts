import type { MediaDescription } from 'sdp-transform';
import type { Direction } from '../../crds/schema/stream.ts';
import { invalidOffer, unsupportedOffer } from './offer-error.ts';

export type MediaKind = 'audio' | 'video';
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One m-line of an offer. */
export type OfferedMedia = {
  /** Null for data channels and anything else that is not RTP audio or video. */
  readonly kind: MediaKind | null;
  readonly mid: string;
  readonly direction: SdpDirection;
  /** False for a disabled m-line: port 0 (RFC 3264 §5.1) without a=bundle-only (RFC 8843 §6). */
  readonly enabled: boolean;
  /**
   * Whether the session can carry media on it: enabled audio or video in the right direction. Only these are validated.
   */
  readonly wanted: boolean;
  readonly section: MediaDescription;
  /** The section as sent, since the parser does not know all attributes. */
  readonly lines: readonly string[];
};

/** Limits per m-line. There are 128 payload types, each with several kinds of feedback. */
const MAX_LINES = {
  rtp: 128,
  fmtp: 128,
  rtcpFb: 1024,
  ext: 64,
  ssrcs: 128,
  ssrcGroups: 32,
  candidates: 256,
} as const;

/** Formats that need no a=rtpmap (RFC 3551 §6), as far as mediasoup knows them. */
const STATIC_FORMATS: ReadonlyMap<number, { readonly codec: string; readonly rate: number }> = new Map([
  [0, { codec: 'PCMU', rate: 8000 }],
  [8, { codec: 'PCMA', rate: 8000 }],
  [9, { codec: 'G722', rate: 8000 }],
]);

/** RFC 8866 §5.14 */
const M_LINE = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+)(?: (.+))?$/;

const USABLE: Readonly<Record<Direction, readonly SdpDirection[]>> = {
  publish: ['sendonly', 'sendrecv'],
  play: ['recvonly', 'sendrecv'],
};

type ReadSection = {
  readonly parsed: MediaDescription;
  readonly lines: readonly string[];
  /** From 0 */
  readonly index: number;
};

export function readMedia({ index, lines, parsed }: ReadSection, session: Direction): OfferedMedia {
  // The parser rejects m-lines with a hyphen or a number of ports, and converts what looks like a number.
  const [, type, port, protocol, payloads = ''] = M_LINE.exec(lines[0] ?? '') ?? [];
  if (type === undefined || port === undefined || protocol === undefined) {
    throw invalidOffer(`m-line ${index + 1} is not of the form "m=type port protocol formats"`);
  }
  const kind = (type === 'audio' || type === 'video') && protocol.includes('RTP') ? type : null;
  const direction = directionOf(parsed.direction);
  const enabled = Number(port) !== 0 || parsed.bundleOnly !== undefined;
  return {
    kind,
    mid: parsed.mid === undefined ? String(index) : String(parsed.mid),
    direction,
    enabled,
    wanted: enabled && kind !== null && USABLE[session].includes(direction),
    section: withStaticFormats({ ...parsed, type, port: Number(port), protocol, payloads }, kind),
    lines,
  };
}

/** Validates the m-lines that the session can carry media on. */
export function checkWanted(wanted: readonly OfferedMedia[]): void {
  const mids = new Set<string>();
  for (const { mid, section } of wanted) {
    // mediasoup writes a mid into at most 8 bytes of a header extension.
    if (mid.length > 8) throw unsupportedOffer(`a=mid:${mid.slice(0, 16)} is longer than 8 characters`);
    if (mids.has(mid)) throw invalidOffer(`two m-lines have a=mid:${mid}`);
    mids.add(mid);
    checkSizes(section, mid);
  }
}

function checkSizes(section: MediaDescription, mid: string): void {
  for (const [name, max] of Object.entries(MAX_LINES)) {
    const lines = section[name as keyof typeof MAX_LINES] ?? [];
    if (lines.length > max) throw invalidOffer(`the m-line with a=mid:${mid} has more than ${max} lines of one kind`);
  }
  const payloadTypes = section.rtp.map(({ payload }) => payload);
  if (payloadTypes.some((type) => !Number.isInteger(type) || type < 0 || type > 127)) {
    throw invalidOffer(`the m-line with a=mid:${mid} has a payload type outside 0 to 127`);
  }
  if (new Set(payloadTypes).size < payloadTypes.length) {
    throw invalidOffer(`the m-line with a=mid:${mid} has two a=rtpmap for one payload type`);
  }
}

/** `sendrecv` is the default (RFC 8866 §6.7). */
function directionOf(direction: string | undefined): SdpDirection {
  return direction === 'sendonly' || direction === 'recvonly' || direction === 'inactive' ? direction : 'sendrecv';
}

function withStaticFormats(section: MediaDescription, kind: MediaKind | null): MediaDescription {
  if (kind !== 'audio') return section;
  const mapped = new Set(section.rtp.map(({ payload }) => payload));
  const listed = section.payloads?.split(' ') ?? [];
  const missing = [...STATIC_FORMATS].filter(([payload]) => listed.includes(String(payload)) && !mapped.has(payload));
  return { ...section, rtp: [...section.rtp, ...missing.map(([payload, format]) => ({ payload, ...format }))] };
}
