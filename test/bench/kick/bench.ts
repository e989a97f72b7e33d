import type { Report } from '../figures.ts';
import { measureKick } from './measure.ts';
import { DEFAULT_SIZE } from './options.ts';
import { type Round, summaryOf } from './round.ts';

/** Measures how long it takes until 300 kicked players of Sluice know, without and with lost datagrams. */
export async function benchKick(report: Report): Promise<void> {
  for (const loss of [0, 0.2]) {
    const rounds = await measureKick({ ...DEFAULT_SIZE, loss, target: null });
    const { answerMs, max, p50, p99 } = summaryOf(rounds);
    const [inASecond, notTold] = [sum(rounds, 'inASecond'), sum(rounds, 'notTold')];
    const what = `kick of ${DEFAULT_SIZE.players}, ${loss * 100} % of datagrams lost`;
    report(`${what}: call to its answer`, `${answerMs.toFixed(1)} ms`);
    report(
      `${what}: call until each client has noticed`,
      `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms`,
      { measured: p99, atMost: loss === 0 ? 60 : 1_000, unit: 'ms, p99' },
    );
    report(`${what}: clients of all rounds`, `${inASecond} knew within 1 s, ${notTold} were not told`);
  }
}

function sum(rounds: readonly Round[], column: keyof Round): number {
  return rounds.reduce((total, round) => total + round[column], 0);
}
