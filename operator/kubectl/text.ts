/** Everything that a terminal may act on: controls of C0 and C1, and marks that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is removed
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Replaces control characters. Names of streams, origins and messages come from outside. */
export const plain = (text: string): string => text.replaceAll(CONTROLS, '?');

/** Rows under headings, in columns, as kubectl prints them. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => widthOf(row, column))),
  );
  return [headings, ...rows].map((row) => `${lineOf(row, widths)}\n`).join('');
}

/** One row in columns of these widths. A longer text moves the rest of its row. */
export const lineOf = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((text, column) => shown(text).padEnd(widths[column] ?? 0))
    .join('   ')
    .trimEnd();

const widthOf = (row: readonly string[], column: number): number => shown(row[column] ?? '').length;

const shown = (text: string): string => (text === '' ? '<none>' : plain(text));

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `45s`, `3m12s`, `5h`, `2d`: the two largest units of short times, the largest one of long times. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  const first = UNITS.findIndex(([, size]) => seconds * 1_000 >= size);
  const [unit, size] = UNITS[first] ?? UNITS[3];
  const count = Math.floor((seconds * 1_000) / size);
  const [smaller, smallerSize] = UNITS[first + 1] ?? UNITS[3];
  const rest = Math.floor((seconds * 1_000 - count * size) / smallerSize);
  return count >= 10 || rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${smaller}`;
}

/** `1 stream`, `2 streams`. */
export const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** `2026-01-31T12:00:00Z`. */
export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** JSON as kubectl prints it. `JSON.stringify` leaves some controls as they are. */
export const json = (value: unknown): string => `${escaped(JSON.stringify(value, null, 4))}\n`;

/** JSON in one line. */
export const jsonLine = (value: unknown): string => `${escaped(JSON.stringify(value))}\n`;

const escaped = (text: string): string =>
  text.replaceAll(CONTROLS, (one) => (one === '\n' ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`));
