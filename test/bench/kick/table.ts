import type { Round } from './round.ts';

const ms = (value: number): string => (value === Infinity ? 'never' : `${value.toFixed(value < 100 ? 1 : 0)} ms`);

/** The columns after the name of the row: heading and text. */
const COLUMNS: readonly (readonly [string, (round: Round) => string])[] = [
  ['answer', ({ answerMs }) => ms(answerMs)],
  ['p50', ({ p50 }) => ms(p50)],
  ['p99', ({ p99 }) => ms(p99)],
  ['max', ({ max }) => ms(max)],
  ['in 1 s', ({ inASecond }) => `${inASecond}`],
  ['not told', ({ notTold }) => `${notTold}`],
  ['lost', ({ lost }) => `${(lost * 100).toFixed(1)} %`],
  ['joins', ({ joinsPerSecond }) => `${joinsPerSecond.toFixed(0)}/s`],
  ['POST p50', ({ postP50 }) => ms(postP50)],
  ['POST p99', ({ postP99 }) => ms(postP99)],
];

const WIDTH = 9;

const line = (name: string, cells: readonly string[]): string =>
  [name.padEnd(6), ...cells.map((cell) => cell.padStart(WIDTH))].join(' ');

export const heading = (): string =>
  line(
    'round',
    COLUMNS.map(([name]) => name),
  );

export const rowOf = (name: string, round: Round): string =>
  line(
    name,
    COLUMNS.map(([, text]) => text(round)),
  );
