import { setTimeout as sleep } from 'node:timers/promises';
import { type DatagramCount, LossyPath } from '../clients/lossy-path.ts';
import { playOverSocket } from '../clients/websdk-media.ts';
import { selfSigned } from '../harness/certificate.ts';
import { type ClientOptions, RtcClient } from '../harness/rtc-client.ts';
import { now } from './clock.ts';

/** Messages between the parent and a process of players. */
export type StartPlayers = {
  readonly kind: 'start';
  /** WHEP, or a socket of the Web SDK over which `stream` is played. */
  readonly url: string;
  readonly stream?: string;
  readonly count: number;
  /** How many join at a time. */
  readonly concurrency: number;
  readonly token?: string;
  /** Local IPv4 address for media. */
  readonly address: string;
  /** True if media goes through relays, which a later order tells to lose datagrams. */
  readonly isLossy: boolean;
};
/** The share of datagrams to lose from now on, 0 to 1. */
export type LoseDatagrams = { readonly kind: 'lose'; readonly share: number };
/** Asks how many datagrams were seen and dropped. */
export type CountDatagrams = { readonly kind: 'count' };
export type PlayersOrder = StartPlayers | LoseDatagrams | CountDatagrams;
export type PlayersTold =
  | {
      readonly kind: 'started';
      readonly postMs: readonly number[];
      readonly failed: number;
      /** Why the first of them failed; empty if none did. */
      readonly problem: string;
      readonly ms: number;
    }
  /** When some clients noticed their end, by the clock of the machine. */
  | { readonly kind: 'ended'; readonly at: readonly number[] }
  | { readonly kind: 'loses' }
  | ({ readonly kind: 'counted' } & DatagramCount);

/** Ends that come within this time are told together, so that the messages do not slow down the clients. */
const TELL_AFTER_MS = 20;

const clients: RtcClient[] = [];
const paths: LossyPath[] = [];
const certificate = selfSigned('client');
const tell = (message: PlayersTold): void => void process.send?.(message);

const endedAt: number[] = [];
async function noteEnd(): Promise<void> {
  if (endedAt.push(now()) > 1) return;
  await sleep(TELL_AFTER_MS);
  tell({ kind: 'ended', at: endedAt.splice(0) });
}

function optionsOf({ address, isLossy, token }: StartPlayers): ClientOptions {
  const options = { certificate, ...(token === undefined ? {} : { token }) };
  if (!isLossy) return { ...options, bindAddress: address };
  const path = new LossyPath(address);
  paths.push(path);
  return { ...options, fetch: path.fetch };
}

/** A client, and what resolves when it learns of its end. */
type Player = { readonly client: RtcClient; readonly ended: Promise<void> };

async function play(order: StartPlayers): Promise<Player> {
  const options = optionsOf(order);
  if (order.stream !== undefined) {
    const { id, media: client, page } = await playOverSocket(order.url, order.stream, options);
    return { client, ended: page.failed(id) };
  }
  const client = await RtcClient.play(order.url, options);
  if (client.status !== 201) throw new Error(`${client.status} ${client.problem}`.trim());
  return { client, ended: client.untilEnded() };
}

async function join(order: StartPlayers): Promise<number> {
  const { client, ended } = await play(order);
  clients.push(client);
  void ended.then(noteEnd);
  await client.connected();
  return client.postMs;
}

async function startPlayers(order: StartPlayers): Promise<void> {
  const postMs: number[] = [];
  const problems: string[] = [];
  let next = 0;
  const startedAt = performance.now();
  const startSome = async (): Promise<void> => {
    while (next < order.count) {
      next += 1;
      await join(order).then(
        (ms) => postMs.push(ms),
        (error: Error) => problems.push(error.message),
      );
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, startSome));
  const [problem = ''] = problems;
  tell({ kind: 'started', postMs, failed: problems.length, problem, ms: performance.now() - startedAt });
}

function carryOut(order: PlayersOrder): void {
  if (order.kind === 'start') void startPlayers(order);
  else if (order.kind === 'lose') loseDatagrams(order);
  else countDatagrams();
}

function loseDatagrams({ share }: LoseDatagrams): void {
  for (const path of paths) path.lose(share);
  tell({ kind: 'loses' });
}

function countDatagrams(): void {
  const sum = (of: keyof DatagramCount): number => paths.reduce((total, { count }) => total + count[of], 0);
  tell({ kind: 'counted', seen: sum('seen'), dropped: sum('dropped') });
}

process.on('message', (message) => carryOut(message as PlayersOrder));
process.on('disconnect', () => process.exit(0));
