import type { Channel } from '../../media-server/fleet/conversation.ts';
import type { Media, Receiving, Sending } from '../../media-server/media/media.ts';

/** Media without packets: it counts what is open. */
export class ModelMedia implements Pick<Media, 'send' | 'receive'> {
  /** Publications that are being sent or received. */
  open = 0;
  #packets = 0;

  async send(): Promise<Sending> {
    const close = this.#opened();
    const offer = { transport: 'transport', end: { port: 1, key: '' }, tracks: [], layers: [] };
    return { offer, connect: async () => undefined, close };
  }

  receive(): Receiving {
    const close = this.#opened();
    return {
      shared: [],
      accept: async () => ({ port: 1, key: '' }),
      arrived: async () => ({
        kind: 'piped',
        layers: () => [],
        packets: async () => ++this.#packets,
        onLost: () => undefined,
      }),
      close,
    };
  }

  #opened(): () => void {
    this.open++;
    let isOpen = true;
    return () => {
      if (isOpen) this.open--;
      isOpen = false;
    };
  }
}

/** How long a connection takes to send a lost message again. */
const RESEND_MS = 200;

export type ModelLineDeps = {
  readonly later: (ms: number, run: () => void) => void;
  readonly latency: () => number;
  readonly isCut: () => boolean;
  /** Runs at once, or when the receiver is no longer frozen. */
  readonly receive: (run: () => void) => void;
};

/** One direction of a connection: messages arrive in order, and wait while the link is cut. */
export class ModelLine {
  readonly #deps: ModelLineDeps;
  readonly #queue: (() => void)[] = [];

  constructor(deps: ModelLineDeps) {
    this.#deps = deps;
  }

  carry(deliver: () => void): void {
    this.#queue.push(deliver);
    if (this.#queue.length === 1) this.#next();
  }

  #next(): void {
    const [first] = this.#queue;
    const { isCut, later, latency, receive } = this.#deps;
    if (!first) return;
    if (isCut()) {
      later(RESEND_MS, () => this.#next());
      return;
    }
    later(latency(), () =>
      receive(() => {
        this.#queue.shift();
        first();
        this.#next();
      }),
    );
  }
}

/** One end of a connection between two processes. */
export class ModelChannel implements Channel {
  readonly #line: ModelLine;
  #opposite: ModelChannel | null = null;
  #onLine: ((line: unknown) => void) | null = null;
  #onClosed: ((fault: string | null) => void) | null = null;
  readonly #early: unknown[] = [];
  readonly isBehind = false;
  #isClosed = false;

  private constructor(line: ModelLine) {
    this.#line = line;
  }

  /** The two ends of a connection, with the lines on which they send. */
  static pair(there: ModelLine, back: ModelLine): readonly [ModelChannel, ModelChannel] {
    const [one, other] = [new ModelChannel(there), new ModelChannel(back)];
    one.#opposite = other;
    other.#opposite = one;
    return [one, other];
  }

  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void {
    this.#onLine = onLine;
    this.#onClosed = onClosed;
    for (const line of this.#early.splice(0)) onLine(line);
  }

  send(line: object): void {
    const { opposite } = this;
    const copy: unknown = structuredClone(line);
    if (!this.#isClosed) this.#line.carry(() => opposite.hear(copy));
  }

  close(): void {
    const { opposite } = this;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#line.carry(() => opposite.fail(null));
  }

  /** The connection is gone, or was never made. */
  fail(fault: string | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed?.(fault);
  }

  hear(line: unknown): void {
    if (this.#isClosed) return;
    if (this.#onLine) this.#onLine(line);
    else this.#early.push(line);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get opposite(): ModelChannel {
    if (!this.#opposite) throw new Error('the channel has no other end');
    return this.#opposite;
  }
}
