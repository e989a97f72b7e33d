import type { Clock, Timer } from '../../process/clock.ts';

export type PingOptions = {
  readonly clock: Clock;
  /** Read at each ping, so that a reload applies. `missed` pings in a row lose the client. */
  readonly settings: () => { readonly intervalMs: number; readonly missed: number };
};

/** A client as its pings see it. */
export type Pinged = { readonly ping: () => void; readonly lost: () => void };

/** The pings of one client. */
export type OwnPings = {
  /** Called for each message of the client. */
  heard(): void;
  stop(): void;
};

type Member = { readonly client: Pinged; pingedAt: number; unanswered: number };

/** Clients that become due within this time are pinged together: one wake-up of the process serves them all. */
const TOGETHER_MS = 100;
/** The timer looks again after this time, since a reload may have made the interval shorter. */
const LOOK_MS = 5_000;

/**
 * Pings clients until they are lost. The SDK answers each ping; any other message counts as an answer as well. One timer
 * serves all clients, and runs only while there are some.
 */
export class Pings {
  readonly #options: PingOptions;
  /** In the order of their last pings, so the first is due first. */
  readonly #members = new Set<Member>();
  #timer: Timer | null = null;

  constructor(options: PingOptions) {
    this.#options = options;
  }

  /** The first ping is due after one interval. */
  start(client: Pinged): OwnPings {
    const member: Member = { client, pingedAt: this.#options.clock.monotonic(), unanswered: 0 };
    this.#members.add(member);
    this.#schedule(0);
    return {
      heard: () => {
        member.unanswered = 0;
      },
      stop: () => this.#remove(member),
    };
  }

  #remove(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Waits until the first client is due, but at least this time, and no longer than `LOOK_MS`. */
  #schedule(leastMs: number): void {
    const [first] = this.#members;
    if (this.#timer !== null || first === undefined) return;
    const { clock, settings } = this.#options;
    const dueMs = first.pingedAt + settings().intervalMs - clock.monotonic();
    this.#timer = clock.setTimeout(() => this.#pingDue(), Math.min(Math.max(dueMs, leastMs), LOOK_MS));
  }

  #pingDue(): void {
    this.#timer = null;
    const { clock, settings } = this.#options;
    const { intervalMs, missed } = settings();
    const at = clock.monotonic();
    for (const member of this.#members) {
      // A timer may be early by a fraction of a millisecond.
      if (member.pingedAt + intervalMs > at + 1) break;
      this.#members.delete(member);
      if (member.unanswered >= missed) member.client.lost();
      else this.#ping(member, at);
    }
    this.#schedule(TOGETHER_MS);
  }

  #ping(member: Member, at: number): void {
    member.pingedAt = at;
    member.unanswered += 1;
    this.#members.add(member);
    member.client.ping();
  }
}
