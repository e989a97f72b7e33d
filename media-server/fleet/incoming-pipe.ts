import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Media, PipedPublication, Receiving } from '../media/media.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { PipedStream } from '../streams/stream.ts';
import { EVENT_TYPES, type StreamEvent, type StreamEvents } from '../streams/stream-events.ts';
import type { Terminator } from '../streams/terminate.ts';
import { type Channel, Conversation } from './conversation.ts';
import type { Membership } from './membership.ts';
import { checkMessage, PipeReply } from './messages.ts';
import type { Orders } from './orders.ts';

export type IncomingPipeDeps = {
  readonly registry: Pick<StreamRegistry, 'playbacksOf'>;
  readonly terminator: Pick<Terminator, 'endPlaybacks'>;
  readonly membership: Membership;
  readonly orders: Pick<Orders, 'wait'>;
  readonly events: Pick<StreamEvents, 'relay'>;
  readonly media: () => Pick<Media, 'receive'>;
  /** Connects to another pod. */
  readonly open: (member: RosterMember) => Channel;
  /** When this process started, Unix milliseconds. */
  readonly startedAt: number;
  readonly clock: Clock;
};

/** Where a publication is live. */
export type Wanted = { readonly appKey: string; readonly name: string; readonly holder: RosterMember };

/** A pipe that is not open after this time has failed. */
const OPEN_MS = 6_000;
/** A pipe without playbacks is closed after this time. */
const IDLE_MS = 10_000;
/** Interval at which playbacks and packets are counted. */
const LOOK_MS = 1_000;
/** No packet for this time: its pod would have ended the publication before. */
const NO_PACKETS_MS = 40_000;
/** How long to wait for an order that has ended the publication already. */
const ORDER_MS = 300;

/** A publication of another pod that is played here, from the question for it to the end of its playbacks. */
export class IncomingPipe implements PipedStream {
  readonly name: string;
  /** Resolves when the transports are chosen, or will not be: later pipes can then share them. */
  readonly chosen: Promise<void>;
  readonly #wanted: Wanted;
  readonly #deps: IncomingPipeDeps;
  readonly #choose: () => void;
  #conversation: Conversation | null = null;
  #receiving: Receiving | null = null;
  #leg: PipedPublication | null = null;
  /** The line that follows those that have been read. */
  #next: Promise<object | null> | null = null;
  #isOpen = false;

  constructor(wanted: Wanted, deps: IncomingPipeDeps) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.name = wanted.name;
    this.chosen = promise;
    this.#choose = resolve;
    this.#wanted = wanted;
    this.#deps = deps;
  }

  get live(): boolean {
    return this.#isOpen && this.#conversation?.isOver === false;
  }

  get leg(): PipedPublication {
    if (!this.#leg) throw new Error('the pipe is not open');
    return this.#leg;
  }

  /** Returns false if the publication is not live there. Throws the reason if it cannot be fetched. */
  async open(): Promise<boolean> {
    const { clock, media, open } = this.#deps;
    const { holder } = this.#wanted;
    const late: { timer: Timer | null } = { timer: null };
    try {
      this.#receiving = media().receive(holder);
      const conversation = new Conversation(open(holder), clock, (event) => this.#relay(event));
      this.#conversation = conversation;
      late.timer = clock.setTimeout(() => conversation.close('it did not answer in time'), OPEN_MS);
      this.#leg = await this.#negotiate(conversation, this.#receiving);
      this.#isOpen = this.#leg !== null;
      return this.#isOpen;
    } finally {
      late.timer?.cancel();
      this.#choose();
      if (!this.#isOpen) this.close();
    }
  }

  /** Resolves when the pipe is over and its playbacks have ended. */
  async hold(): Promise<void> {
    const { clock, orders, terminator } = this.#deps;
    const conversation = this.#conversation;
    if (!conversation) return;
    this.leg.onLost(() => conversation.close('its worker died'));
    const looking = this.#look(conversation);
    const order = await this.#end(conversation);
    looking.cancel();
    this.#isOpen = false;
    const orderedAt = clock.monotonic();
    if (order !== null) await orders.wait(order, ORDER_MS);
    const ended = await terminator.endPlaybacks(this, orderedAt).then(
      () => true,
      () => false,
    );
    conversation.say({ ended });
    this.close();
  }

  close(): void {
    this.#receiving?.close();
    this.#conversation?.close();
  }

  async #negotiate(conversation: Conversation, receiving: Receiving): Promise<PipedPublication | null> {
    const { appKey, holder, name } = this.#wanted;
    const { membership, startedAt } = this.#deps;
    const question = { appKey, name, shared: receiving.shared };
    conversation.say({ from: membership.uid, startedAt, revision: membership.revision, question });
    const reply = checkMessage(PipeReply, said(conversation, await conversation.next()), 'line');
    membership.heard(holder.uid, reply.startedAt);
    if (reply.roster) membership.offer(reply.roster);
    const { offer } = reply.answer;
    if (!offer) return null;
    const end = await receiving.accept(offer);
    if (end) conversation.say({ connect: end });
    this.#choose();
    return this.#arrive(conversation, receiving);
  }

  /** Waits for the first packet, or for the end of the publication. */
  async #arrive(conversation: Conversation, receiving: Receiving): Promise<PipedPublication | null> {
    this.#next = conversation.next();
    const arriving = receiving.arrived();
    // It fails when the publication has ended, which is told below.
    arriving.catch(() => undefined);
    const first = await Promise.race([arriving, this.#next]);
    if (first && 'kind' in first) return first as PipedPublication;
    if ('end' in said(conversation, first)) conversation.say({ ended: true });
    return null;
  }

  /** Tells the viewers here what the publisher tells. A newer pod may know more types of events. */
  #relay(event: unknown): void {
    if (isStreamEvent(event)) this.#deps.events.relay(this, event);
  }

  /** Waits for the end. Returns the id of the order that has ended the publication, null if none is known. */
  async #end(conversation: Conversation): Promise<string | null> {
    for (let line = await this.#next; line; line = await conversation.next()) {
      if ('end' in line) return 'order' in line ? String(line.order) : null;
    }
    return null;
  }

  /** Closes a pipe that nobody plays, or that brings nothing. */
  #look(conversation: Conversation): Timer {
    const { clock, registry } = this.#deps;
    const seen = { playedAt: clock.monotonic(), packets: 0, packetsAt: clock.monotonic() };
    const look = (): void => {
      held.timer = clock.setTimeout(look, LOOK_MS);
      const now = clock.monotonic();
      if (registry.playbacksOf(this).size > 0) seen.playedAt = now;
      if (now - seen.playedAt >= IDLE_MS) conversation.close();
      if (now - seen.packetsAt >= NO_PACKETS_MS) conversation.close('no packets arrive');
      this.leg.packets().then(
        (packets) => {
          if (packets > seen.packets) seen.packetsAt = now;
          seen.packets = packets;
        },
        // Its worker died, which is told otherwise.
        () => undefined,
      );
    };
    const held = { timer: clock.setTimeout(look, LOOK_MS) };
    return { cancel: () => held.timer.cancel() };
  }
}

function isStreamEvent(value: unknown): value is StreamEvent {
  const { type } = Object(value) as { readonly type?: unknown };
  return EVENT_TYPES.some((each) => each === type);
}

/** What the other pod says. Throws what it reports, or why it says nothing. */
function said(conversation: Conversation, line: object | null): object {
  if (!line) throw new Error(conversation.fault ?? 'it closed the connection');
  if ('error' in line) throw new Error(String(line.error));
  return line;
}
