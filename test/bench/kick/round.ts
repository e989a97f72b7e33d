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

/** Returns the median of each column. Throws if there is no round. */
export function medianOf(rounds: readonly Round[]): Round {
  const [first] = rounds;
  if (!first) throw new Error('there is no round');
  const columns = Object.keys(first) as (keyof Round)[];
  const medians = columns.map((column) => [column, median(rounds.map((round) => round[column]))]);
  return Object.fromEntries(medians);
}
