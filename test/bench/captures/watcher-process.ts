import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from '../../harness/certificate.ts';
import { type Fetch, RtcClient } from '../../harness/rtc-client.ts';
import { now } from '../clock.ts';
import { framesSeen, readVideo, type VideoPacket } from './frames-seen.ts';
import type { Watched } from './watchers.ts';

/** Messages between the parent and the process of players: each order has one answer. */
export type WatcherOrder =
  | { readonly kind: 'play'; readonly name: string; readonly url: string }
  | { readonly kind: 'begin' }
  | { readonly kind: 'seen' }
  | { readonly kind: 'leave'; readonly names?: readonly string[] };
export type WatcherSaid = { readonly id: number; readonly value?: unknown; readonly fault?: string };

const ASK_MS = 50;
/** Not the address of the capture program, so that its packets can be told from those of players. */
const ADDRESS = '127.0.0.2';

type Player = { readonly client: RtcClient; packets: VideoPacket[] };

const players = new Map<string, Player>();
const certificate = selfSigned('client');

/** Asks again while there is no such stream, or it is not live yet. */
const patient: Fetch = async (url, init) => {
  for (;;) {
    const response = await fetch(url, init);
    if (![404, 409].includes(response.status)) return response;
    await response.text();
    await sleep(ASK_MS);
  }
};

async function play(name: string, url: string): Promise<number> {
  const key = Promise.withResolvers<number>();
  let isWaiting = true;
  const early: VideoPacket[] = [];
  const onPacket = (bytes: Buffer): void => {
    const packet = readVideo(bytes, now());
    if (!packet) return;
    (players.get(name)?.packets ?? early).push(packet);
    if (!isWaiting || !packet.isLast) return;
    const first = framesSeen(players.get(name)?.packets ?? early).frames.find(({ isKey }) => isKey);
    if (!first) return;
    isWaiting = false;
    key.resolve(first.receivedAt);
  };
  const client = await RtcClient.play(url, { certificate, bindAddress: ADDRESS, fetch: patient, onPacket });
  if (client.status !== 201) throw new Error(`${name} is not played: ${client.status} ${client.problem}`);
  players.set(name, { client, packets: early });
  return key.promise;
}

function seen(): Watched[] {
  return [...players].map(([name, { client, packets }]) => ({
    name,
    isConnected: client.state === 'connected',
    ...framesSeen(packets),
  }));
}

function leave(names: readonly string[]): void {
  for (const name of names) {
    players.get(name)?.client.close();
    players.delete(name);
  }
}

async function carryOut(order: WatcherOrder): Promise<unknown> {
  if (order.kind === 'play') return play(order.name, order.url);
  if (order.kind === 'seen') return seen();
  if (order.kind === 'leave') return leave(order.names ?? [...players.keys()]);
  for (const player of players.values()) player.packets = [];
}

process.on('message', async (message) => {
  const { id, order } = message as { readonly id: number; readonly order: WatcherOrder };
  const said: WatcherSaid = await carryOut(order).then(
    (value) => ({ id, value }),
    (error: Error) => ({ id, fault: error.message }),
  );
  process.send?.(said);
});
process.on('disconnect', () => process.exit(0));
