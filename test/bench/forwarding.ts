import type { MediaOptions } from '../../media-server/media/media.ts';
import { negotiatedSuite } from '../clients/srtp-suite.ts';
import { Audience } from './audience.ts';
import type { Report } from './figures.ts';
import { median, percentile, spread } from './statistics.ts';
import { countSystemCalls } from './system-calls.ts';
import { udpCounter } from './udp-counters.ts';
import { WORKER_KINDS, WORKERS, type WorkerKind } from './worker-kinds.ts';

const PLAYERS = [20, 60];
const ROUNDS = 3;
const SEND_MS = 5_000;

/** Packets of a video frame. */
const FRAMES = { '8-packet frames': 8, '2-packet frames': 2 } as const;

type Round = {
  /** Microseconds of the worker's CPU time. */
  readonly perPacket: number;
  /** Datagrams and trains that all processes have given to the kernel, per packet of the players. */
  readonly sendsPerPacket: number;
  /** From the publisher's send to the receipt by each player, milliseconds. */
  readonly delays: readonly number[];
};

/**
 * Measures the worker's CPU time per forwarded packet: video frames at 30 a second, key frames of 40 packets, and Opus
 * beside. The kinds of workers alternate; medians are printed.
 */
export async function benchForwarding(report: Report): Promise<void> {
  report('SRTP suite of the clients below', await negotiatedSuite());
  for (const players of PLAYERS) {
    for (const [what, packets] of Object.entries(FRAMES)) await compare(report, what, packets, players);
  }
  await countSystemCalls(report);
}

async function compare(report: Report, what: string, packets: number, players: number): Promise<void> {
  const rounds = new Map<WorkerKind, Round[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of WORKER_KINDS) {
      rounds.set(kind, [...(rounds.get(kind) ?? []), await forward(WORKERS[kind], packets, players)]);
    }
  }
  const of = (kind: WorkerKind, read: (round: Round) => number): number => median((rounds.get(kind) ?? []).map(read));
  const cpu = (kind: WorkerKind): number => of(kind, ({ perPacket }) => perPacket);
  const isGoal = players === 60 && packets === 8;
  const name = `${players} players, ${what}`;
  const each = WORKER_KINDS.map((kind) => `${kind} ${cpu(kind).toFixed(2)} µs`);
  report(
    `${name}: CPU per packet`,
    each.join(', '),
    isGoal ? { measured: cpu('batched'), atMost: 4, unit: 'µs' } : null,
  );
  const bare = cpu('batched') / cpu('mediasoup');
  report('… batched to mediasoup', bare.toFixed(2), { measured: bare, atMost: packets === 8 ? 0.6 : 1, unit: '' });
  report('… batched to one by one', (cpu('batched') / cpu('one by one')).toFixed(2));
  const sends = (kind: WorkerKind): string => of(kind, ({ sendsPerPacket }) => sendsPerPacket).toFixed(2);
  report('… datagrams and trains per packet', `${sends('batched')}, one by one ${sends('one by one')}`);
  const delays = (kind: WorkerKind): number[] => (rounds.get(kind) ?? []).flatMap((round) => round.delays);
  report(
    '… delay from publisher to player',
    `batched ${spread(delays('batched'))}; one by one ${spread(delays('one by one'))}`,
  );
  const added = percentile(delays('batched'), 0.99) - percentile(delays('one by one'), 0.99);
  report('… difference of these p99s', `${added.toFixed(1)} ms`, { measured: added, atMost: 1, unit: 'ms' });
}

async function forward(options: Partial<MediaOptions>, packets: number, count: number): Promise<Round> {
  const audience = await Audience.gather(options, count);
  try {
    const cpuOf = async (): Promise<number> => (await audience.media.workers())[0]?.cpuSeconds ?? 0;
    const before = { cpu: await cpuOf(), packets: await audience.packets(), sends: await udpCounter('OutDatagrams') };
    const delays = await audience.send(packets, SEND_MS);
    const forwarded = (await audience.packets()) - before.packets;
    return {
      perPacket: (((await cpuOf()) - before.cpu) * 1e6) / forwarded,
      sendsPerPacket: ((await udpCounter('OutDatagrams')) - before.sends) / forwarded,
      delays,
    };
  } finally {
    await audience.close();
  }
}
