import { setTimeout as sleep } from 'node:timers/promises';
import { play, publish, startTestMedia } from '../clients/media.ts';
import { median, report } from './statistics.ts';

const PLAYERS = 20;
const ROUNDS = 3;
const SEND_MS = 4_000;

/**
 * Measures the worker's CPU time per forwarded packet: with packets that the worker renumbers, and with players whose
 * numbers are those of the router, which is bare mediasoup. Alternates in one run; prints medians.
 */
export async function benchForwarding(): Promise<void> {
  const renumbered: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await microsecondsPerPacket('router'));
    renumbered.push(await microsecondsPerPacket('worker'));
  }
  const [ours, theirs] = [median(renumbered), median(bare)];
  const ratio = `${((ours / theirs - 1) * 100).toFixed(1)} %`;
  report(
    `forwarding to ${PLAYERS} players`,
    `${ours.toFixed(2)} µs per packet, bare mediasoup ${theirs.toFixed(2)} (${ratio})`,
  );
}

async function microsecondsPerPacket(numbering: 'worker' | 'router'): Promise<number> {
  const { media } = await startTestMedia({ numbering });
  const peers: { close(): void }[] = [];
  try {
    const { peer, publication } = await publish(media);
    peers.push(peer);
    const players: Awaited<ReturnType<typeof play>>[] = [];
    for (let index = 0; index < PLAYERS; index++) players.push(await play(media, publication));
    peers.push(...players.map((player) => player.peer));
    const text = 'x'.repeat(1000);
    const cpuOf = async (): Promise<number> => (await media.workers())[0]?.cpuSeconds ?? 0;
    const packetsOf = async (): Promise<number> => {
      const metrics = await Promise.all(players.map(({ playback }) => playback.metrics()));
      return metrics.reduce((total, { packets }) => total + packets, 0);
    };
    const [cpuBefore, packetsBefore] = [await cpuOf(), await packetsOf()];
    const until = performance.now() + SEND_MS;
    while (performance.now() < until) {
      for (let burst = 0; burst < 5; burst++) peer.send(text);
      for (const { peer: player } of players) player.received.length = 0;
      await sleep(10);
    }
    await sleep(200);
    return (((await cpuOf()) - cpuBefore) * 1e6) / ((await packetsOf()) - packetsBefore);
  } finally {
    for (const peer of peers) peer.close();
    await media.close();
  }
}
