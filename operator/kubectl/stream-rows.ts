import { type LiveStream, podOf } from './objects.ts';
import { age } from './text.ts';

/** `ENDED` marks a stream that is no longer in the list. */
export type Row = LiveStream & { readonly isEnded?: boolean };

type Column = { readonly heading: string; readonly text: (stream: Row, now: number) => string; readonly width: number };

/** Widths are for `--watch`, which prints rows before it knows all of them. */
const COLUMNS: readonly Column[] = [
  { heading: 'ID', text: ({ mediaSessionId }) => mediaSessionId, width: 36 },
  { heading: 'APP', text: ({ appKey }) => appKey, width: 10 },
  { heading: 'NAME', text: ({ name }) => name, width: 12 },
  { heading: 'KIND', text: ({ published }) => (published ? 'publication' : 'playback'), width: 11 },
  { heading: 'STATUS', text: ({ isEnded, status }) => (isEnded ? 'ENDED' : status), width: 10 },
  { heading: 'POD', text: podOf, width: 22 },
  { heading: 'AGE', text: ({ createDate }, now) => age(now - createDate), width: 6 },
];
const WIDE: readonly Column[] = [
  { heading: 'AUDIO', text: ({ audioCodec }) => audioCodec, width: 6 },
  { heading: 'VIDEO', text: ({ videoCodec }) => videoCodec, width: 6 },
  { heading: 'TRANSPORT', text: ({ transport }) => transport, width: 9 },
  { heading: 'SESSION', text: ({ sessionId }) => sessionId, width: 36 },
  { heading: 'ORIGIN', text: ({ origin }) => origin, width: 6 },
];

const columnsOf = (isWide: boolean): readonly Column[] => (isWide ? [...COLUMNS, ...WIDE] : COLUMNS);

export const headings = (isWide: boolean): string[] => columnsOf(isWide).map(({ heading }) => heading);
export const widths = (isWide: boolean): number[] => columnsOf(isWide).map(({ width }) => width);
export const rowOf = (stream: Row, now: number, isWide: boolean): string[] =>
  columnsOf(isWide).map(({ text }) => text(stream, now));

/** By name, the publication before its playbacks, the oldest first. */
export const sorted = <T extends LiveStream>(streams: readonly T[]): T[] =>
  [...streams].sort(
    (one, other) =>
      compare(one.appKey, other.appKey) ||
      compare(one.name, other.name) ||
      Number(other.published) - Number(one.published) ||
      one.createDate - other.createDate,
  );

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
