import { createHash } from 'node:crypto';
import type { Direction } from '../../crds/schema/stream.ts';
import type { Clock } from '../../process/clock.ts';
import type { Client } from './session.ts';
import type { Stream } from './stream.ts';

const MAX_ENTRIES = 10_000;

/** Who may not start a stream until then: Unix milliseconds. The key says which client and stream, or which capture. */
export type Denial = { readonly key: string; readonly until: number };

export type DenyDeps = {
  readonly clock: Clock;
  /** True for a trusted proxy: many clients share its address, so it does not identify one. */
  readonly isProxy: (address: string) => boolean;
};

/** Who may not start a stream again for a while: clients by app, name and direction (`denyFor`), and captures. */
export class DenyList {
  readonly #deps: DenyDeps;
  /** Key → end of the denial, Unix milliseconds. */
  readonly #until = new Map<string, number>();

  constructor(deps: DenyDeps) {
    this.#deps = deps;
  }

  /** The denial for the client of a stream; null if the client cannot be identified. */
  denialOf(stream: Stream, forMs: number): Denial | null {
    const { appKey, client, direction, name } = stream;
    // A denial would affect every client behind the same proxy.
    if (client.token === '' && client.isShared) return null;
    const key = this.#key(appKey, name, direction, client);
    return key === null ? null : { key, until: this.#deps.clock.now() + forMs };
  }

  /** False if the list is full. */
  add({ key, until }: Denial): boolean {
    if (this.#until.size >= MAX_ENTRIES) this.#sweep();
    if (this.#until.size >= MAX_ENTRIES && !this.#until.has(key)) return false;
    this.#until.set(key, Math.max(until, this.#until.get(key) ?? 0));
    return true;
  }

  /** False if the client cannot be identified, or if the list is full. */
  deny(stream: Stream, forMs: number): boolean {
    const denial = this.denialOf(stream, forMs);
    return denial !== null && this.add(denial);
  }

  /** All denials that have not ended. */
  all(): Denial[] {
    this.#sweep();
    return [...this.#until].map(([key, until]) => ({ key, until }));
  }

  denied(appKey: string, name: string, direction: Direction, client: Client): boolean {
    if (this.#until.size === 0) return false;
    const key = this.#key(appKey, name, direction, client);
    return key !== null && this.has(key);
  }

  /** Whether a denial with this key has not ended. */
  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#deps.clock.now()) return true;
    this.#until.delete(key);
    return false;
  }

  #sweep(): void {
    const now = this.#deps.clock.now();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
  }

  /** Identifies the client by its token if it has one, else by its address. */
  #key(appKey: string, name: string, direction: Direction, client: Client): string | null {
    const identity = client.token === '' ? this.#addressKey(client.address) : `token ${digest(client.token)}`;
    return identity === null ? null : JSON.stringify([appKey, name, direction, identity]);
  }

  #addressKey(address: string): string | null {
    return address === '' || this.#deps.isProxy(address) ? null : `address ${address}`;
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
