import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MediaOptions } from '../../media-server/media/media.ts';
import { play, publish, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import { median, report, spread } from './statistics.ts';

const PLAYERS = [20, 60];
const ROUNDS = 3;
const SEND_MS = 5_000;
const TICK_MS = 20;
const KEY_FRAME_EVERY = 60;

/** What is compared in one run: our worker, the same one with a system call for each packet, and bare mediasoup. */
const WORKERS = {
  batched: { numbering: 'worker', udpGso: true },
  'one by one': { numbering: 'worker', udpGso: false },
  'bare mediasoup': { numbering: 'router', udpGso: false },
} as const satisfies Record<string, Partial<MediaOptions>>;
type Kind = keyof typeof WORKERS;

/** Packets of a video frame. */
const FRAMES = { '8-packet frames': 8, '2-packet frames': 2 } as const;

type Round = {
  /** Microseconds of the worker's CPU time. */
  readonly perPacket: number;
  /** Datagrams and trains that all processes have given to the kernel, per packet of the players. */
  readonly sendsPerPacket: number;
  /** From the publisher's send to a player's receipt, milliseconds. */
  readonly delays: readonly number[];
};

/**
 * Measures the worker's CPU time per forwarded packet: video frames at 30 a second, key frames of 40 packets, and Opus
 * beside. The kinds of workers alternate; medians are printed.
 */
export async function benchForwarding(): Promise<void> {
  for (const players of PLAYERS) {
    for (const [what, packets] of Object.entries(FRAMES)) await compare(what, packets, players);
  }
}

async function compare(what: string, packets: number, players: number): Promise<void> {
  const rounds = new Map<Kind, Round[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of Object.keys(WORKERS) as Kind[]) {
      rounds.set(kind, [...(rounds.get(kind) ?? []), await forward(WORKERS[kind], packets, players)]);
    }
  }
  const of = (kind: Kind, read: (round: Round) => number): number => median((rounds.get(kind) ?? []).map(read));
  const cpu = (kind: Kind): number => of(kind, ({ perPacket }) => perPacket);
  const ratio = (kind: Kind): string => (cpu('batched') / cpu(kind)).toFixed(2);
  const others = (['one by one', 'bare mediasoup'] as const).map(
    (kind) => `${kind} ${cpu(kind).toFixed(2)} (× ${ratio(kind)})`,
  );
  report(`${players} players, ${what}, CPU per packet`, `${cpu('batched').toFixed(2)} µs; ${others.join('; ')}`);
  const sends = (kind: Kind): string => of(kind, ({ sendsPerPacket }) => sendsPerPacket).toFixed(2);
  report(
    '  datagrams and trains given to the kernel per packet',
    `${sends('batched')}; one by one ${sends('one by one')}`,
  );
  const delays = (kind: Kind): string => spread((rounds.get(kind) ?? []).flatMap((round) => round.delays));
  report('  delay from publisher to player', `${delays('batched')}; one by one ${delays('one by one')}`);
}

async function forward(options: Partial<MediaOptions>, packets: number, count: number): Promise<Round> {
  const { media } = await startTestMedia(options);
  const peers: Peer[] = [];
  try {
    const { peer, publication } = await publish(media);
    peers.push(peer);
    const players: Awaited<ReturnType<typeof play>>[] = [];
    for (let index = 0; index < count; index++) players.push(await play(media, publication));
    peers.push(...players.map((player) => player.peer));
    const cpuOf = async (): Promise<number> => (await media.workers())[0]?.cpuSeconds ?? 0;
    const packetsOf = async (): Promise<number> => {
      const metrics = await Promise.all(players.map(({ playback }) => playback.metrics()));
      return metrics.reduce((total, each) => total + each.packets, 0);
    };
    const before = { cpu: await cpuOf(), packets: await packetsOf(), sends: await datagramsSent() };
    const delays = await sendFrames(
      peer,
      players.map((player) => player.peer),
      packets,
    );
    const forwarded = (await packetsOf()) - before.packets;
    return {
      perPacket: (((await cpuOf()) - before.cpu) * 1e6) / forwarded,
      sendsPerPacket: ((await datagramsSent()) - before.sends) / forwarded,
      delays,
    };
  } finally {
    for (const peer of peers) peer.close();
    await media.close();
  }
}

/** Sends for a while. Returns how long frames took to the first player. */
async function sendFrames(publisher: Peer, players: readonly Peer[], packets: number): Promise<number[]> {
  const delays: number[] = [];
  const [watched] = players;
  const startedAt = performance.now();
  for (let tick = 0, frame = 0; performance.now() - startedAt < SEND_MS; tick++) {
    for (const player of players) player.received.length = 0;
    publisher.sendAudio();
    const sentAt = performance.now();
    // 30 frames a second beside 50 packets of audio.
    if (Math.floor((tick * 3) / 5) >= frame) {
      publisher.sendFrame(frame % KEY_FRAME_EVERY === 0 ? 40 : packets);
      frame++;
      if (watched) watched.onLast = () => delays.push(performance.now() - sentAt);
    }
    await sleep(Math.max(0, startedAt + (tick + 1) * TICK_MS - performance.now()));
  }
  await sleep(200);
  return delays;
}

/** UDP datagrams that this machine has sent; a train counts once (RFC 4113, `udpOutDatagrams`). */
async function datagramsSent(): Promise<number> {
  const [names = '', values = ''] = (await readFile('/proc/net/snmp', 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('Udp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('OutDatagrams')]);
}
