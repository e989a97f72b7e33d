import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { type Media, MediaUnavailable, type PipedPublication, type Receiving } from '../media/media.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { PipedStream } from '../streams/stream.ts';
import type { Terminator } from '../streams/terminate.ts';
import { type Channel, Conversation } from './conversation.ts';
import type { Membership } from './membership.ts';
import { checkMessage, PipeReply } from './messages.ts';
import type { Names } from './names.ts';

export type IncomingPipesDeps = {
  readonly registry: Pick<StreamRegistry, 'playbacksOf'>;
  readonly terminator: Pick<Terminator, 'endPlaybacks'>;
  readonly membership: Membership;
  readonly names: Pick<Names, 'holderOf'>;
  readonly media: () => Pick<Media, 'receive'>;
  /** Connects to another pod. */
  readonly open: (member: RosterMember) => Channel;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly metrics: { pipeFailed(): void };
};

/** A pipe that is not set up after this time has failed. */
const OPEN_MS = 6_000;
/** A pipe without playbacks is closed after this time. */
const IDLE_MS = 10_000;
/** How long a failure is reported. */
const TELL_MS = 60_000;

/** A publication of another pod that is played here. */
class Incoming implements PipedStream {
  readonly name: string;
  readonly leg: PipedPublication;
  readonly conversation: Conversation;
  readonly receiving: Receiving;

  constructor(name: string, leg: PipedPublication, conversation: Conversation, receiving: Receiving) {
    this.name = name;
    this.leg = leg;
    this.conversation = conversation;
    this.receiving = receiving;
  }

  get live(): boolean {
    return !this.conversation.isOver;
  }
}

/** The pipes that bring publications of other pods here: one for each publication, while it is played. */
export class IncomingPipes {
  readonly #deps: IncomingPipesDeps;
  readonly #pipes = new Map<string, Promise<Incoming | null>>();
  readonly #open = new Map<string, Incoming>();
  #failure: { readonly text: string; readonly at: number } | null = null;

  constructor(deps: IncomingPipesDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Why a pipe could not be opened in the last minute; null = none failed. */
  fault(): string | null {
    const { clock } = this.#deps;
    return this.#failure && clock.monotonic() - this.#failure.at < TELL_MS ? this.#failure.text : null;
  }

  /** Whether a publication of another pod can be played without a new pipe. */
  isOpen(appKey: string, name: string): boolean {
    return this.#open.has(keyOf(appKey, name));
  }

  /** Whether another pod has told that this publication is live there. */
  isLive(appKey: string, name: string): boolean {
    return this.#deps.names.holderOf(appKey, name) !== null;
  }

  /**
   * Brings a publication of another pod here; null if it is not live there. Throws `MediaUnavailable` with the reason
   * if there is no way to that pod.
   */
  fetch(appKey: string, name: string): Promise<PipedStream | null> {
    const key = keyOf(appKey, name);
    const pipe = this.#pipes.get(key) ?? this.#start(key, appKey, name);
    this.#pipes.set(key, pipe);
    return pipe;
  }

  close(): void {
    for (const { conversation } of this.#open.values()) conversation.close();
  }

  #start(key: string, appKey: string, name: string): Promise<Incoming | null> {
    const forget = (): void => void this.#pipes.delete(key);
    const pipe = this.#connect(appKey, name);
    pipe.then((incoming) => (incoming ? this.#keep(key, incoming).finally(forget) : forget()), forget);
    return pipe;
  }

  async #connect(appKey: string, name: string): Promise<Incoming | null> {
    const { clock, log, media, metrics, names, open } = this.#deps;
    const holder = names.holderOf(appKey, name);
    if (!holder) return null;
    const conversation = new Conversation(open(holder), clock);
    const late = clock.setTimeout(() => conversation.close('it did not answer in time'), OPEN_MS);
    const receiving = media().receive(holder);
    try {
      const publication = await this.#negotiate(conversation, receiving, { appKey, name, holder });
      if (publication) return new Incoming(name, publication, conversation, receiving);
    } catch (error) {
      receiving.close();
      conversation.close();
      metrics.pipeFailed();
      const text = `no pipe from pod ${holder.pod}: ${error instanceof Error ? error.message : String(error)}`;
      this.#failure = { text, at: clock.monotonic() };
      log.warn({ err: error, pod: holder.pod, appKey, name }, 'a pipe from another pod failed');
      throw new MediaUnavailable('the publication is on another pod, which cannot send it here', { cause: error });
    } finally {
      late.cancel();
    }
    receiving.close();
    conversation.close();
    return null;
  }

  async #negotiate(
    conversation: Conversation,
    receiving: Receiving,
    { appKey, holder, name }: { readonly appKey: string; readonly name: string; readonly holder: RosterMember },
  ): Promise<PipedPublication | null> {
    const { membership, startedAt } = this.#deps;
    const question = { appKey, name, shared: receiving.shared };
    conversation.say({ from: membership.uid, startedAt, revision: membership.revision, question });
    const line = await conversation.next();
    if (!line) throw new Error(conversation.fault ?? 'it closed the connection');
    if ('error' in line) throw new Error(String(line.error));
    const reply = checkMessage(PipeReply, line, 'line');
    membership.heard(holder.uid, reply.startedAt);
    if (reply.roster) membership.offer(reply.roster);
    const { offer } = reply.answer;
    if (!offer) return null;
    const end = await receiving.accept(offer);
    if (end) conversation.say({ connect: end });
    const publication = await receiving.arrived();
    if (conversation.isOver) throw new Error(conversation.fault ?? 'it closed the connection');
    return publication;
  }

  /** Serves a pipe until the publication ends, the other pod is gone, or nobody plays it any more. */
  async #keep(key: string, incoming: Incoming): Promise<void> {
    const { clock, terminator } = this.#deps;
    const { conversation, leg, receiving } = incoming;
    this.#open.set(key, incoming);
    leg.onLost(() => conversation.close('its worker died'));
    const idle = this.#closeIdle(incoming);
    const orderedAt = await heardEnd(conversation, clock);
    idle.cancel();
    this.#open.delete(key);
    this.#pipes.delete(key);
    const hasEnded = await terminator.endPlaybacks(incoming, orderedAt).then(
      () => true,
      () => false,
    );
    receiving.close();
    conversation.say({ ended: hasEnded });
    conversation.close();
  }

  #closeIdle(incoming: Incoming): Timer {
    const { clock, registry } = this.#deps;
    const held: { timer: Timer } = { timer: { cancel: () => undefined } };
    const look = (idleSince: number): void => {
      const now = clock.monotonic();
      const since = registry.playbacksOf(incoming).size > 0 ? now : idleSince;
      if (now - since >= IDLE_MS) incoming.conversation.close();
      else held.timer = clock.setTimeout(() => look(since), IDLE_MS / 10);
    };
    look(clock.monotonic());
    return { cancel: () => held.timer.cancel() };
  }
}

/** When the other pod said that the publication has ended, or was gone. Monotonic milliseconds. */
async function heardEnd(conversation: Conversation, clock: Clock): Promise<number> {
  for (let line = await conversation.next(); line; line = await conversation.next()) if ('end' in line) break;
  return clock.monotonic();
}

/** App keys contain no line feed. */
const keyOf = (appKey: string, name: string): string => `${appKey}\n${name}`;
