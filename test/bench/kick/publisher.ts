import { setTimeout as sleep } from 'node:timers/promises';
import { UserFault } from '../../../process/user-fault.ts';
import { type ClientOptions, RtcClient } from '../../harness/rtc-client.ts';
import { reasonOf } from './kick-calls.ts';
import type { Target } from './options.ts';

/** How long a server may take to play what is published, in milliseconds, and how often it is asked. */
const PLAYABLE_MS = 15_000;
const ASK_EVERY_MS = 250;
/** Answers of a server that does not know the publication yet. All others are final. */
const NOT_YET = [404, 409];

/** How much of an answer an error shows, in characters. */
const SHOWN = 200;

/** The publication that is played. */
export class Publisher {
  readonly #target: Target;
  readonly #options: ClientOptions;
  #client: RtcClient | null = null;

  constructor(target: Target, bindAddress: string) {
    this.#target = target;
    this.#options = { bindAddress, ...(target.token === null ? {} : { token: target.token }) };
  }

  /** Publishes unless this is done already, and waits until the stream can be played. Throws `UserFault`. */
  async ready(): Promise<void> {
    const { play, publish } = this.#target;
    if (publish !== null && this.#client?.state !== 'connected') {
      await this.close();
      this.#client = await this.#open('publish', publish);
      if (this.#client.status !== 201) throw this.#fault('--publish', publish, answerOf(this.#client));
      await this.#client.connected().catch((error: Error) => {
        throw this.#fault('--publish', publish, error.message);
      });
    }
    const deadline = performance.now() + PLAYABLE_MS;
    for (;;) {
      const client = await this.#open('play', play);
      await leave(client, this.#target.token);
      if (client.status === 201) return;
      if (!NOT_YET.includes(client.status) || performance.now() > deadline)
        throw this.#fault('--play', play, answerOf(client));
      await sleep(ASK_EVERY_MS);
    }
  }

  /** Ends the publication at the server too, so that its name is free. */
  async close(): Promise<void> {
    if (this.#client) await leave(this.#client, this.#target.token);
    this.#client = null;
  }

  async #open(how: 'publish' | 'play', url: string): Promise<RtcClient> {
    try {
      return await RtcClient[how](url, this.#options);
    } catch (error) {
      throw this.#fault(`--${how}`, url, reasonOf(error));
    }
  }

  #fault(option: string, url: string, reason: string): UserFault {
    return new UserFault(`${option}: POST ${url}: ${reason}`);
  }
}

/** The answer in words. A page of HTML says no more than its type does. */
function answerOf({ problem, status, type }: RtcClient): string {
  const isPage = type.startsWith('text/html');
  return `the answer is ${status} ${type} ${isPage ? '' : problem.slice(0, SHOWN)}`.replaceAll(/\s+/g, ' ').trim();
}

/** Ends a session at the server and here. A server that cannot do it notices later that the client is gone. */
async function leave(client: RtcClient, token: string | null): Promise<void> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  if (client.status === 201) await fetch(client.location, { method: 'DELETE', headers }).catch(() => undefined);
  client.close();
}
