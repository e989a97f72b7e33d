import type { Session } from '../streams/session.ts';
import type { MessageDeps } from './messages/deps.ts';

/** What becomes of a message, the metric label `result`: closed set. */
export type MessageResult = 'accepted' | 'refused' | 'ignored';

/** An established session and its socket, as its messages see them. */
export class Conversation {
  readonly session: Session;
  readonly deps: MessageDeps;
  /** Sends a message to the page; its content is `data`. */
  readonly send: (name: string, ...data: readonly unknown[]) => void;
  /** Sends a frame that the page can do without, unless the page is behind. */
  readonly offer: (frame: string) => void;
  readonly #onIdle: () => void;
  /** Ids from the message that asks for a stream until its final status; true = its page has stopped it. */
  readonly #streams = new Map<string, boolean>();

  /** `onIdle` runs whenever the last stream has ended. */
  constructor(options: Pick<Conversation, 'deps' | 'offer' | 'send' | 'session'> & { readonly onIdle: () => void }) {
    this.session = options.session;
    this.deps = options.deps;
    this.send = options.send;
    this.offer = options.offer;
    this.#onIdle = options.onIdle;
  }

  /** Tells the page, as a WARN of the session, what it is not given. */
  readonly warn = (apiMethod: string, info: string): MessageResult => {
    this.send('fail', { apiMethod, status: 'FAILED', info });
    return 'refused';
  };

  get streams(): number {
    return this.#streams.size;
  }

  has(id: string): boolean {
    return this.#streams.has(id);
  }

  began(id: string): void {
    this.#streams.set(id, false);
  }

  stopped(id: string): void {
    if (this.has(id)) this.#streams.set(id, true);
  }

  isStopped(id: string): boolean {
    return this.#streams.get(id) === true;
  }

  /** Its final status has been sent. */
  finished(id: string): void {
    if (this.#streams.delete(id) && this.#streams.size === 0) this.#onIdle();
  }
}
