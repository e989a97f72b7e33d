import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { UserFault } from '../../../process/user-fault.ts';
import { TestServer } from '../../harness/media-server.ts';
import { until } from '../../harness/wait.ts';
import { now } from '../clock.ts';
import { onInterrupt } from '../interrupts.ts';
import { Players } from '../players.ts';
import { idsBefore, kickCallsOf, sendKicks } from './kick-calls.ts';
import type { KickOptions, KickSize, Target } from './options.ts';
import { Publisher } from './publisher.ts';
import { type Round, roundOf } from './round.ts';

/** Measures each round and hands it to `onRound`. Throws `UserFault` if something cannot be measured. */
export async function measureKick(options: KickOptions, onRound: (round: Round) => void = () => {}): Promise<Round[]> {
  await checkAddress(options.address);
  if (options.target !== null) return measureRounds(options.target, options, onRound);
  const server = await TestServer.start();
  const forget = onInterrupt(() => server.stop());
  try {
    return await measureRounds(sluice(server.url), options, onRound);
  } finally {
    forget();
    await server.stop();
  }
}

/** Throws `UserFault` if this machine does not have the address: WebRTC would abort the process. */
async function checkAddress(address: string): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
  } catch (cause) {
    throw new UserFault(`--media-address: ${address} is not an address of this machine`, { cause });
  } finally {
    socket.close();
  }
}

/** The URLs of a media server of Sluice, where one call ends all players of a stream. */
function sluice(url: string): Target {
  return {
    publish: `${url}/whip/defaultApp/kick`,
    play: `${url}/whep/defaultApp/kick`,
    kick: {
      method: 'POST',
      url: `${url}/rest-api/stream/terminate`,
      body: JSON.stringify({ name: 'kick', published: false }),
    },
    list: null,
    headers: {},
    token: null,
  };
}

async function measureRounds(target: Target, size: KickSize, onRound: (round: Round) => void): Promise<Round[]> {
  const publisher = new Publisher(target, size.address);
  const forget = onInterrupt(() => publisher.close());
  const rounds: Round[] = [];
  try {
    for (let index = 0; index < size.rounds; index++) {
      await publisher.ready();
      const round = await measureRound(target, size);
      onRound(round);
      rounds.push(round);
    }
  } finally {
    forget();
    await publisher.close();
  }
  return rounds;
}

async function measureRound(target: Target, size: KickSize): Promise<Round> {
  const { address, concurrency, loss, players: count, timeoutMs } = size;
  const token = target.token === null ? {} : { token: target.token };
  const players = new Players({ concurrency, address, isLossy: loss > 0, ...token });
  try {
    const before = await idsBefore(target);
    await players.start(target.play, count).catch((error: Error) => {
      throw error instanceof UserFault ? new UserFault(`--play: ${error.message}`, { cause: error }) : error;
    });
    const calls = await kickCallsOf(target, count, before);
    if (loss > 0) await players.lose(loss);
    const sentAt = now();
    await sendKicks(calls, target, concurrency);
    const answerMs = now() - sentAt;
    const told = (): boolean => players.endedAt.length === count;
    // Clients that are not told are a result, not an error.
    await until('every client knows', told, { timeoutMs }).catch(() => undefined);
    const toldMs = players.endedAt.map((at) => at - sentAt);
    const early = toldMs.filter((ms) => ms < 0).length;
    if (early > 0) throw new UserFault(`--play: ${early} of ${count} players ended before the kick`);
    const { dropped, seen } = await players.datagrams();
    if (loss > 0 && seen === 0) throw new UserFault('--loss: no datagram went through the relays, so none was lost');
    const { joinMs, postMs } = players;
    return roundOf({ count, answerMs, toldMs, joinMs, postMs, lost: seen === 0 ? 0 : dropped / seen });
  } finally {
    players.stop();
  }
}
