// Measures how long it takes until kicked players know, with any server (docs/kick-benchmark.md).
import { runProgram } from '../../../process/command-line.ts';
import { inOwnFolder } from '../own-folder.ts';
import { measureKick } from './measure.ts';
import { readKickOptions, USAGE } from './options.ts';
import { summaryOf } from './round.ts';
import { heading, rowOf } from './table.ts';

async function main(): Promise<number> {
  const options = readKickOptions(process.argv.slice(2));
  const { loss, players, target, timeoutMs } = options;
  const how = target?.list ? 'one call for each session' : 'one call';
  const lost = loss === 0 ? '' : `, ${Number((loss * 100).toFixed(2))} % of datagrams lost`;
  console.log(`${players} players of ${target?.play ?? 'a media server of Sluice'}, ended by ${how}${lost}`);
  console.log(heading());
  let index = 0;
  const rounds = await inOwnFolder(() => measureKick(options, (round) => console.log(rowOf(`${++index}`, round))));
  console.log(rowOf('all', summaryOf(rounds)));
  const notTold = rounds.reduce((total, round) => total + round.notTold, 0);
  if (notTold === 0) return 0;
  console.error(`${notTold} clients were not told within ${timeoutMs / 1_000} s`);
  return 1;
}

runProgram(main, USAGE);
