import type { Presented } from './timeline.ts';
import type { TrackKind } from './tracks.ts';

/** Why a source has ended, as the program `sources` says it. */
export const SOURCE_ENDS = [
  'unauthorized',
  'notFound',
  'unreachable',
  'stalled',
  'unsupported',
  'notAllowed',
  'endOfStream',
  'failed',
] as const;
export type SourceEnd = (typeof SOURCE_ENDS)[number];

/** A track of a source, as far as it is known. */
export type SourceTrack = {
  readonly kind: TrackKind;
  readonly codec: string;
  /** The codec of the camera if it is converted. */
  readonly from?: string;
  readonly profile?: string;
  readonly width?: number;
  readonly height?: number;
};

/** What the program `sources` says beside the packets. */
export type SourceEvent =
  | { readonly event: 'track'; readonly track: SourceTrack }
  | { readonly event: 'clock'; readonly kind: TrackKind; readonly clock: Presented }
  /** A stream is left out, since its codec is not read. */
  | { readonly event: 'unsupported'; readonly kind: TrackKind; readonly codec: string }
  | { readonly event: 'ended'; readonly reason: SourceEnd; readonly text: string };

/**
 * Reads an event; null if it is not known. Throws an error if it is malformed: the program parses what cameras send, so
 * one that a camera has taken over may write anything.
 */
export function readEvent(json: string): SourceEvent | null {
  const fields = JSON.parse(json) as Readonly<Record<string, unknown>>;
  switch (fields['event']) {
    case 'track':
      return { event: 'track', track: trackOf(fields) };
    case 'clock':
      return {
        event: 'clock',
        kind: kindOf(fields),
        clock: { rtp: number(fields, 'rtp'), ms: number(fields, 'ntpUs') / 1_000 },
      };
    case 'unsupported':
      return { event: 'unsupported', kind: kindOf(fields), codec: name(fields, 'codec') };
    case 'ended': {
      const reason = SOURCE_ENDS.find((each) => each === fields['reason']) ?? 'failed';
      return { event: 'ended', reason, text: text(fields, 'text') };
    }
    default:
      return null;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function trackOf(fields: Fields): SourceTrack {
  return {
    kind: kindOf(fields),
    codec: name(fields, 'codec'),
    ...(fields['from'] === undefined ? {} : { from: name(fields, 'from') }),
    ...(fields['profile'] === undefined ? {} : { profile: name(fields, 'profile') }),
    ...(fields['width'] === undefined ? {} : { width: count(fields, 'width') }),
    ...(fields['height'] === undefined ? {} : { height: count(fields, 'height') }),
  };
}

function kindOf({ kind }: Fields): TrackKind {
  if (kind !== 'video' && kind !== 'audio') throw new TypeError('kind is not video or audio');
  return kind;
}

function text(fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string') throw new TypeError(`${field} is not a string`);
  return value;
}

/** Of a codec or a profile. The operator refuses the whole report of a pod if one is longer. */
function name(fields: Fields, field: string): string {
  const value = text(fields, field);
  if (value.length > MOST_NAME) throw new RangeError(`${field} is longer than ${MOST_NAME} characters`);
  return value;
}

function number(fields: Fields, field: string): number {
  const value = fields[field];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(`${field} is not a number`);
  return value;
}

function count(fields: Fields, field: string): number {
  const value = number(fields, field);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${field} must be a whole number`);
  return value;
}

const MOST_NAME = 64;
