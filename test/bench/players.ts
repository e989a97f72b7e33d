import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserFault } from '../../process/user-fault.ts';
import type { DatagramCount } from '../clients/lossy-path.ts';
import type { PlayersOrder, PlayersTold } from './clients.ts';

/** Clients per process. With more, the clients would be the bottleneck. */
const PER_PROCESS = 250;
/** libdatachannel forgets a close alert that arrives while it becomes connected. */
const SETTLE_MS = 1_000;

export type PlayersSetup = {
  /** How many join at a time. */
  readonly concurrency?: number;
  readonly token?: string;
  /** The name of the stream, if it is played over sockets of the Web SDK. */
  readonly stream?: string;
  /** Local IPv4 address for media; loopback by default. */
  readonly address?: string;
  /** True if datagrams shall be lost later. Media then goes through relays. */
  readonly isLossy?: boolean;
};

type Told<K extends PlayersTold['kind']> = Extract<PlayersTold, { kind: K }>;

/** Players, in separate processes. */
export class Players {
  readonly #processes: ChildProcess[] = [];
  readonly #setup: PlayersSetup;
  /** When players noticed their end (`now()`). */
  readonly endedAt: number[] = [];
  /** Time from each POST, or the opening of each socket, to the answer, in milliseconds. */
  readonly postMs: number[] = [];
  joinMs = 0;

  constructor(setup: PlayersSetup = {}) {
    this.#setup = setup;
  }

  /**
   * Starts players, the same number in each process, one process after the other, and lets them settle. Throws
   * `UserFault` if one cannot join.
   */
  async start(url: string, count: number): Promise<void> {
    const processes = Math.ceil(count / PER_PROCESS);
    for (let index = 0; index < processes; index++) {
      await this.#startProcess(url, Math.floor((count + index) / processes));
    }
    await sleep(SETTLE_MS);
  }

  /** From now on each player loses this share of its datagrams, 0 to 1. */
  async lose(share: number): Promise<void> {
    await Promise.all(this.#processes.map((child) => ask(child, { kind: 'lose', share }, 'loses')));
  }

  /** The datagrams since `lose`, of all players. */
  async datagrams(): Promise<DatagramCount> {
    const counts = await Promise.all(this.#processes.map((child) => ask(child, { kind: 'count' }, 'counted')));
    const sum = (of: keyof DatagramCount): number => counts.reduce((total, count) => total + count[of], 0);
    return { seen: sum('seen'), dropped: sum('dropped') };
  }

  stop(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  async #startProcess(url: string, count: number): Promise<void> {
    const child = fork(new URL('./clients.ts', import.meta.url));
    this.#processes.push(child);
    child.on('message', (message) => {
      const told = message as PlayersTold;
      if (told.kind === 'ended') this.endedAt.push(...told.at);
    });
    const { concurrency = 10, address = '127.0.0.1', isLossy = false, ...rest } = this.#setup;
    const told = await ask(child, { kind: 'start', url, count, concurrency, address, isLossy, ...rest }, 'started');
    this.postMs.push(...told.postMs);
    if (told.failed > 0) {
      throw new UserFault(`${told.failed} of ${count} players could not join: ${told.problem}`);
    }
    this.joinMs += told.ms;
  }
}

/** Sends an order and waits for its answer. Throws if the process exits. */
function ask<K extends PlayersTold['kind']>(child: ChildProcess, order: PlayersOrder, kind: K): Promise<Told<K>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a process of players exited with code ${code}`));
    const onMessage = (message: unknown): void => {
      const told = message as PlayersTold;
      if (told.kind !== kind) return;
      child.off('message', onMessage).off('exit', onExit);
      resolve(told as Told<K>);
    };
    child.on('message', onMessage).once('exit', onExit);
    child.send(order);
  });
}
