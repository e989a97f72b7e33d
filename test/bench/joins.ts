import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import type { Goal, Report } from './figures.ts';
import { Players, type PlayersSetup } from './players.ts';
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

/** Some rounds of joins; the numbers are medians. */
export type Joins = Round;

/** Measures how many players join per second, with clients on the same cores, and what a join costs the server. */
export async function benchJoins(report: Report): Promise<void> {
  const server = await TestServer.start();
  const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/bench`);
  const url = `${server.url}/whep/defaultApp/bench`;
  try {
    await publisher.connected();
    // The first joins run code that Node has not compiled yet.
    await joinOnce(server, url, { concurrency: 32 });
    for (const concurrency of CONCURRENCY) {
      const joins = await measureJoins(server, url, { concurrency });
      const isBusy = concurrency === CONCURRENCY.at(-1);
      const goal: Goal = { measured: joins.perSecond, atLeast: 300, unit: 'a second' };
      report(`joins, ${concurrency} at a time`, `${joins.perSecond.toFixed(0)} a second`, isBusy ? goal : null);
      // With more at a time, a request also waits for the others.
      const promise: Goal = { measured: percentile(joins.postMs, 0.5), atMost: 15, unit: 'ms, p50' };
      const isAlone = concurrency === 1;
      report('… WHEP POST to its answer, seen by the client', spread(joins.postMs), isAlone ? promise : null);
      report('… CPU time of the server for each', cpuOfEach(joins));
    }
  } finally {
    publisher.close();
    await server.stop();
  }
}

/** Lets players of the stream `bench` join, in some rounds. They are terminated after each round. */
export async function measureJoins(server: TestServer, url: string, setup: PlayersSetup): Promise<Joins> {
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await joinOnce(server, url, setup));
  const of = (read: (round: Round) => number): number => median(rounds.map(read));
  return {
    perSecond: of(({ perSecond }) => perSecond),
    postMs: rounds.flatMap(({ postMs }) => postMs),
    node: of(({ node }) => node),
    worker: of(({ worker }) => worker),
  };
}

/** The CPU time of the server for each join, in words. */
export function cpuOfEach({ node, worker }: Joins): string {
  return `Node ${node.toFixed(2)} ms, worker ${worker.toFixed(2)} ms`;
}

async function joinOnce(server: TestServer, url: string, setup: PlayersSetup): Promise<Round> {
  const players = new Players(setup);
  try {
    const before = await cpuOf(server);
    await players.start(url, JOINS);
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
