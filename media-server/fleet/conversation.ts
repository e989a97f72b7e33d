import type { Clock, Timer } from '../../process/clock.ts';

/** A connection between two pods that carries JSON values in both directions. */
export type Channel = {
  /** Sends a value; does nothing once the channel is closed. */
  send(line: object): void;
  /** Whether much that was sent has not left yet: the other side does not read, or the network is slow. */
  readonly isBehind: boolean;
  /** Sends what is left, then closes. */
  close(): void;
  /** Call once: each value as it arrives, then the end, with the reason if the channel failed. */
  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void;
};

/** Each side says something this often, so that the other one knows that it is there. Milliseconds. */
const SPEAK_EVERY_MS = 5_000;
/** A side that is silent for this long is gone. */
export const SILENCE_MS = 15_000;
const HEARTBEAT = {};
/** A pipe needs a few lines. */
const MOST_UNREAD = 16;

/** A channel that ends when the other side is silent. */
export class Conversation {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #onEvent: ((event: unknown) => void) | null;
  readonly #lines: object[] = [];
  #waiting: ((line: object | null) => void) | null = null;
  #speak: Timer;
  #silence: Timer;
  #isOver = false;
  /** Why it is over, null while it lasts or if it ended properly. */
  fault: string | null = null;

  /** `onEvent` is called for the event in a line `{event}` as it arrives. All other lines wait for `next`. */
  constructor(channel: Channel, clock: Clock, onEvent: ((event: unknown) => void) | null = null) {
    this.#channel = channel;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#speak = this.#speakLater();
    this.#silence = this.#awaitSilence();
    channel.listen(
      (line) => this.#hear(line),
      (fault) => this.#end(fault),
    );
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isBehind(): boolean {
    return this.#channel.isBehind;
  }

  say(line: object): void {
    if (!this.#isOver) this.#channel.send(line);
  }

  /** The next line that is not a heartbeat; null when the conversation is over. */
  next(): Promise<object | null> {
    const line = this.#lines.shift();
    if (line || this.#isOver) return Promise.resolve(line ?? null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  close(fault: string | null = null): void {
    this.#end(fault);
  }

  #hear(line: unknown): void {
    if (this.#isOver) return;
    this.#silence.cancel();
    this.#silence = this.#awaitSilence();
    if (typeof line !== 'object' || line === null) this.#end('it sent a line that is not an object');
    else if (Object.keys(line).length > 0) this.#take(line);
  }

  #take(line: object): void {
    if (this.#onEvent && 'event' in line) this.#onEvent(line.event);
    else if (this.#waiting) this.#resolve(line);
    else if (this.#lines.push(line) > MOST_UNREAD) this.#end('it sends too much');
  }

  #resolve(line: object | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }

  #speakLater(): Timer {
    return this.#clock.setTimeout(() => {
      this.say(HEARTBEAT);
      this.#speak = this.#speakLater();
    }, SPEAK_EVERY_MS);
  }

  #awaitSilence(): Timer {
    return this.#clock.setTimeout(() => this.#end('it is silent'), SILENCE_MS);
  }

  #end(fault: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.fault = fault;
    this.#speak.cancel();
    this.#silence.cancel();
    this.#channel.close();
    this.#resolve(null);
  }
}
