import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { report } from './figures.ts';
import { Players } from './players.ts';
import { median, percentile, spread } from './statistics.ts';

const JOINS = 300;
const ROUNDS = 3;
/** Joins at a time: one, a few, and so many that all cores are busy. */
const CONCURRENCY = [1, 10, 32];

type Round = {
  readonly perSecond: number;
  readonly postMs: readonly number[];
  /** Milliseconds of CPU time for each join. */
  readonly node: number;
  readonly worker: number;
};

/** Measures how many players join per second, with clients on the same cores, and what a join costs the server. */
export async function benchJoins(): Promise<void> {
  const server = await TestServer.start();
  const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/bench`);
  try {
    await publisher.connected();
    // The first joins run code that Node has not compiled yet.
    await join(server, 32);
    for (const concurrency of CONCURRENCY) {
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) rounds.push(await join(server, concurrency));
      print(concurrency, rounds);
    }
  } finally {
    publisher.close();
    await server.stop();
  }
}

function print(concurrency: number, rounds: readonly Round[]): void {
  const of = (read: (round: Round) => number): number => median(rounds.map(read));
  const perSecond = of((round) => round.perSecond);
  const isBusy = concurrency === CONCURRENCY.at(-1);
  const goal = { measured: perSecond, atLeast: 300, unit: 'a second' };
  report(`joins, ${concurrency} at a time`, `${perSecond.toFixed(0)} a second`, isBusy ? goal : null);
  const postMs = rounds.flatMap((round) => round.postMs);
  // With more at a time, a request also waits for the others.
  const promise = { measured: percentile(postMs, 0.5), atMost: 15, unit: 'ms, p50' };
  report('… WHEP POST to its answer, seen by the client', spread(postMs), concurrency === 1 ? promise : null);
  const [node, worker] = [of((round) => round.node), of((round) => round.worker)];
  report('… CPU time of the server for each', `Node ${node.toFixed(2)} ms, worker ${worker.toFixed(2)} ms`);
}

async function join(server: TestServer, concurrency: number): Promise<Round> {
  const players = new Players({ concurrency });
  try {
    const before = await cpuOf(server);
    await players.start(`${server.url}/whep/defaultApp/bench`, JOINS);
    const after = await cpuOf(server);
    return {
      perSecond: JOINS / (players.joinMs / 1_000),
      postMs: players.postMs,
      node: ((after.node - before.node) * 1_000) / JOINS,
      worker: ((after.worker - before.worker) * 1_000) / JOINS,
    };
  } finally {
    await server.terminate({ name: 'bench', published: false });
    players.stop();
  }
}

async function cpuOf(server: TestServer): Promise<{ node: number; worker: number }> {
  const [node, worker] = [
    await server.metric('process_cpu_seconds_total'),
    await server.metric('sluice_worker_cpu_seconds_total'),
  ];
  return { node, worker };
}
