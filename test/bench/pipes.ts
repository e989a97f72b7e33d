import { setTimeout as sleep } from 'node:timers/promises';
import type { Media } from '../../media-server/media/media.ts';
import { pipe, play, publish, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import type { Report } from './figures.ts';
import { median, spread } from './statistics.ts';

const PACKETS = 500;
const ROUNDS = 3;
const SEND_MS = 4_000;
/** Packets in a burst, one of each kind for every turn. */
const BURST = 5;

/** Measures what a pipe between two pods adds: time for a viewer, and work at both ends. */
export async function benchPipes(report: Report): Promise<void> {
  await addedLatency(report);
  const rounds: Work[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await work());
  const at = (read: (round: Work) => number): string => median(rounds.map(read)).toFixed(2);
  report(
    'a stream without players: its pod, per packet',
    `${at(({ alone }) => alone)} µs of CPU; with a pipe ${at(({ holder }) => holder)}, the other pod ${at(({ edge }) => edge)}`,
  );
}

/** The same packets reach a player of the holder and one of another pod. */
async function addedLatency(report: Report): Promise<void> {
  const [{ media: holder }, { media: edge }] = [await startTestMedia(), await startTestMedia()];
  const { peer, publication } = await publish(holder);
  const stop = sendAlways(peer);
  const { piped } = await pipe(holder, edge, publication);
  stop();
  const players = [await play(holder, publication), await play(edge, piped)];
  const [direct, through] = players.map((player) => arrivals(player.peer));
  for (let count = 0; count < PACKETS; count++) {
    peer.send(`number-${count}`);
    await sleep(5);
  }
  await sleep(200);
  const added = [...(through ?? [])].flatMap(([text, at]) => {
    const before = direct?.get(text);
    return before === undefined ? [] : [at - before];
  });
  report('a packet reaches a viewer through a pipe later by', spread(added), {
    measured: median(added),
    atMost: 5,
    unit: 'ms, p50',
  });
  for (const each of [peer, ...players.map((player) => player.peer)]) each.close();
  await Promise.all([holder.close(), edge.close()]);
}

/** When each packet arrives, by its content. */
function arrivals({ received }: Peer): Map<string, number> {
  const seen = new Map<string, number>();
  const push = received.push.bind(received);
  received.push = (...packets) => {
    for (const { kind, payload } of packets) if (kind === 'audio') seen.set(payload.toString(), performance.now());
    return push(...packets);
  };
  return seen;
}

/** Microseconds of CPU per packet of the publication. */
type Work = { readonly alone: number; readonly holder: number; readonly edge: number };

async function work(): Promise<Work> {
  const [{ media: holder }, { media: edge }] = [await startTestMedia(), await startTestMedia()];
  const { peer, publication } = await publish(holder);
  try {
    const [alone = 0] = await perPacket(peer, [holder]);
    const stop = sendAlways(peer);
    await pipe(holder, edge, publication);
    stop();
    const [atHolder = 0, atEdge = 0] = await perPacket(peer, [holder, edge]);
    return { alone, holder: atHolder, edge: atEdge };
  } finally {
    peer.close();
    await Promise.all([holder.close(), edge.close()]);
  }
}

async function perPacket(peer: Peer, servers: readonly Media[]): Promise<number[]> {
  const text = 'x'.repeat(1000);
  const cpuOf = async (media: Media): Promise<number> => (await media.workers())[0]?.cpuSeconds ?? 0;
  const before = await Promise.all(servers.map(cpuOf));
  let packets = 0;
  const until = performance.now() + SEND_MS;
  while (performance.now() < until) {
    for (let burst = 0; burst < BURST; burst++) peer.send(text);
    packets += 2 * BURST;
    await sleep(5);
  }
  await sleep(200);
  const after = await Promise.all(servers.map(cpuOf));
  return after.map((seconds, index) => ((seconds - (before[index] ?? 0)) * 1e6) / packets);
}

function sendAlways(peer: Peer): () => void {
  const timer = setInterval(() => peer.send(), 20);
  return () => clearInterval(timer);
}
