import { median, percentile } from '../statistics.ts';

/** What one round has measured. Times are in milliseconds; those of the kick begin when its first call is sent. */
export type Measured = {
  readonly count: number;
  /** Until the last kick was answered. */
  readonly answerMs: number;
  /** Until each client knew, of those that were told. */
  readonly toldMs: readonly number[];
  /** Until all players were connected. */
  readonly joinMs: number;
  /** From each WHEP POST to its answer. */
  readonly postMs: readonly number[];
  /** Share of datagrams that were lost, 0 to 1. */
  readonly lost: number;
};

/** A row of the table. A time is `Infinity` if the client that it stands for was not told. */
export type Round = {
  readonly answerMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Clients that knew within a second. */
  readonly inASecond: number;
  readonly notTold: number;
  readonly lost: number;
  readonly joinsPerSecond: number;
  readonly postP50: number;
  readonly postP99: number;
};

/** Every client counts: one that was not told is slower than all others. */
export function roundOf({ answerMs, count, joinMs, lost, postMs, toldMs }: Measured): Round {
  const notTold = count - toldMs.length;
  const all = [...toldMs, ...Array.from({ length: notTold }, () => Infinity)];
  return {
    answerMs,
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    max: percentile(all, 1),
    inASecond: toldMs.filter((ms) => ms <= 1_000).length,
    notTold,
    lost,
    joinsPerSecond: (count / joinMs) * 1_000,
    postP50: percentile(postMs, 0.5),
    postP99: percentile(postMs, 0.99),
  };
}

/**
 * Returns the median of each column. A median would hide a client that was late or not told, so `max`, `inASecond` and
 * `notTold` are those of the worst round. Throws if there is no round.
 */
export function summaryOf(rounds: readonly Round[]): Round {
  const [first] = rounds;
  if (!first) throw new Error('there is no round');
  const of = (column: keyof Round): number[] => rounds.map((round) => round[column]);
  const columns = Object.keys(first) as (keyof Round)[];
  const medians = Object.fromEntries(columns.map((column) => [column, median(of(column))])) as Round;
  return {
    ...medians,
    max: Math.max(...of('max')),
    inASecond: Math.min(...of('inASecond')),
    notTold: Math.max(...of('notTold')),
  };
}
