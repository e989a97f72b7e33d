import type { Timer } from '../../process/clock.ts';
import type { SessionOutcome, SessionRequest } from '../sessions/requests.ts';
import { MessageRate } from '../streams/message-rate.ts';
import type { Client, Session } from '../streams/session.ts';
import type { Terminator } from '../streams/terminate.ts';
import type { Closing } from './closings.ts';
import { readConnection } from './connection-request.ts';
import { Conversation, type MessageResult } from './conversation.ts';
import { type Frame, readFrame } from './frame.ts';
import type { FrameSocket } from './frame-socket.ts';
import type { MessageDeps } from './messages/deps.ts';
import { HANDLERS, isHandled, isSilent, type MessageName } from './messages/table.ts';
import type { OwnPings, Pings } from './pings.ts';
import type { SilentSockets } from './silent-sockets.ts';
import { infoOfConnection } from './statuses.ts';

/** A page sends `connection` as soon as its socket is open. */
const CONNECT_MS = 10_000;

/** The client, as described by the request of its upgrade. */
export type UpgradedClient = Pick<Client, 'address' | 'isShared' | 'origin'>;

export type ConnectionDeps = MessageDeps & {
  readonly openSession: (request: SessionRequest) => Promise<SessionOutcome>;
  readonly terminator: Pick<Terminator, 'end' | 'endSession'>;
  readonly pings: Pings;
  readonly silent: Pick<SilentSockets, 'enter'>;
  readonly metrics: ConnectionMetrics;
};

export type ConnectionMetrics = {
  webSdkMessage(message: MessageName, result: MessageResult): void;
  webSdkClosed(closing: Closing): void;
};

/** A socket as its connection uses it. */
export type PageSocket = Pick<FrameSocket, 'close' | 'cut' | 'known' | 'listen' | 'offer' | 'ping' | 'send'>;

type State =
  | { readonly is: 'waiting'; readonly deadline: Timer }
  | { readonly is: 'connecting' }
  | { readonly is: 'established'; readonly conversation: Conversation; readonly pings: OwnPings }
  | { readonly is: 'closed' };

const CLOSED: State = { is: 'closed' };

/** One socket of a page, from its upgrade to its close: one session, when the backend allows it. */
export class Connection {
  readonly #socket: PageSocket;
  readonly #client: UpgradedClient;
  readonly #deps: ConnectionDeps;
  readonly #rate: MessageRate;
  /** Ends the session, whenever it is opened. */
  readonly #gone = new AbortController();
  /** Called once, when the socket is no longer silent. */
  readonly #spoken: () => void;
  #state: State;
  #isSentAway = false;

  constructor(socket: PageSocket, client: UpgradedClient, deps: ConnectionDeps) {
    this.#socket = socket;
    this.#client = client;
    this.#deps = deps;
    this.#rate = new MessageRate(deps.clock.monotonic());
    this.#state = { is: 'waiting', deadline: deps.clock.setTimeout(() => socket.close('silent'), CONNECT_MS) };
    this.#spoken = deps.silent.enter(client.address);
  }

  /** Starts to read. `onGone` runs once, when nothing is left of the socket: a client may take time to close it. */
  start(onGone: () => void): void {
    this.#socket.listen({
      text: (text) => {
        const closing = this.#receive(text);
        if (closing !== null) this.close(closing);
      },
      control: () => {
        if (!this.#mayGoOn(0)) this.close('rate');
      },
      closed: (closing) => this.#closed(closing),
      gone: onGone,
    });
  }

  /** With true, closes the socket at once if it has no stream, else after its last one: its page may go elsewhere. */
  sendAway(isSentAway: boolean): void {
    this.#isSentAway = isSentAway;
    this.#closeIfDone();
  }

  /** Closes a socket that is sent away or whose session is over, once its page has the final status of each stream. */
  #closeIfDone(): void {
    const conversation = this.#state.is === 'established' ? this.#state.conversation : null;
    if (conversation && conversation.streams > 0) return;
    const { cause, status } = conversation?.session ?? { cause: null, status: 'PENDING' };
    if (status === 'DISCONNECTED') this.close(cause === 'drain' ? 'going_away' : 'ended');
    else if (this.#isSentAway) this.close('going_away');
  }

  /** Closes the socket without waiting for its client. */
  cut(closing: Closing): void {
    this.#socket.cut(closing);
  }

  close(closing: Closing): void {
    this.#socket.close(closing);
  }

  /** Answers a message. Returns why the socket is to be closed, or null. */
  #receive(text: string): Closing | null {
    if (!this.#mayGoOn(text.length)) return 'rate';
    const frame = readFrame(text);
    if (typeof frame === 'string') return 'malformed';
    if (this.#takeAside(frame.name)) return null;
    switch (this.#state.is) {
      case 'waiting':
        if (frame.name !== 'connection') return 'order';
        this.#connect(frame.content, this.#state.deadline);
        return null;
      case 'established':
        return this.#converse(frame, this.#state.conversation);
      default:
        return 'order';
    }
  }

  #mayGoOn(length: number): boolean {
    return this.#rate.allows(this.#deps.clock.monotonic(), length);
  }

  /** Handles a message that may come in any state; false for all others. */
  #takeAside(name: string): boolean {
    if (this.#state.is === 'established') this.#state.pings.heard();
    if (name === 'ping') {
      this.#count('ping', 'accepted');
      this.#socket.send('pong', null);
      return true;
    }
    if (!isSilent(name)) return false;
    this.#count(name, 'ignored');
    return true;
  }

  #converse({ content, name }: Frame, conversation: Conversation): Closing | null {
    if (name === 'connection') return 'order';
    if (isHandled(name)) this.#count(name, HANDLERS[name](content, conversation));
    else this.#count('unknown', 'ignored');
    return null;
  }

  #count(name: MessageName, result: MessageResult): void {
    this.#deps.metrics.webSdkMessage(name, result);
  }

  #connect(content: unknown, deadline: Timer): void {
    this.#endWait(deadline);
    this.#socket.known();
    this.#state = { is: 'connecting' };
    const wanted = readConnection(content);
    if (typeof wanted === 'string') {
      this.#refuse(wanted);
      return;
    }
    const { appKey, clientVersion, custom, page } = wanted;
    const token = typeof custom['token'] === 'string' ? custom['token'] : '';
    const client = { ...this.#client, version: clientVersion, page, token };
    void this.#open({ kind: 'webSdk', appKey, custom, client, signal: this.#gone.signal });
  }

  #endWait(deadline: Timer): void {
    deadline.cancel();
    this.#spoken();
  }

  async #open(request: SessionRequest): Promise<void> {
    const { log, openSession } = this.#deps;
    try {
      const outcome = await openSession(request);
      if (outcome.kind === 'opened') this.#establish(outcome.session);
      else this.#refuse(infoOfConnection(outcome.rejection));
    } catch (error) {
      log.error({ err: error, appKey: request.appKey }, 'a session failed to open');
      this.#refuse('the media server failed to open the session');
    }
  }

  #establish(session: Session): void {
    // The client may have gone away while the backend was asked.
    if (this.#state.is === 'closed') return;
    const send = this.#socket.send.bind(this.#socket);
    const onIdle = (): void => this.#closeIfDone();
    const deps = this.#deps;
    const pings = deps.pings.start({ ping: () => this.#socket.ping(), lost: () => this.#socket.cut('no_pong') });
    const offer = this.#socket.offer.bind(this.#socket);
    const conversation = new Conversation({ session, deps, send, offer, onIdle });
    this.#state = { is: 'established', conversation, pings };
    this.#count('connection', 'accepted');
    void session.over.then(() => this.#closeIfDone());
    send('getUserData', userData(session));
  }

  /** A `fail` with the reason, as WCS does it; then the socket is closed. */
  #refuse(info: string): void {
    this.#deps.log.info({ reason: info, address: this.#client.address }, 'a session of the Web SDK was refused');
    this.#count('connection', 'refused');
    this.#socket.send('fail', { apiMethod: 'ConnectionStatusEvent', status: 'FAILED', info });
    this.close('connect_refused');
  }

  #closed(closing: Closing | null): void {
    if (closing !== null) this.#deps.metrics.webSdkClosed(closing);
    const state = this.#state;
    this.#state = CLOSED;
    if (state.is === 'waiting') this.#endWait(state.deadline);
    if (state.is === 'established') state.pings.stop();
    if (state.is === 'established' && closing === 'going_away') {
      void this.#deps.terminator.endSession(state.conversation.session, 'drain');
    }
    this.#gone.abort();
  }
}

/** What a page is told about its session. `authToken` names the session; it gives no power. */
function userData({ appKey, custom, id }: Session): object {
  const { token: _token, ...shown } = custom;
  return { appKey, custom: shown, status: 'ESTABLISHED', sessionId: id, authToken: id };
}
