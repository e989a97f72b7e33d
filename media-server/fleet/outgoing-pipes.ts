import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { Media, Publication, Sending } from '../media/media.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Played, Stream } from '../streams/stream.ts';
import type { StreamEvent, StreamEvents } from '../streams/stream-events.ts';
import { type Channel, Conversation } from './conversation.ts';
import type { Membership } from './membership.ts';
import { checkMessage, PeerCall, PipeConnect, PipeQuestion } from './messages.ts';

/** How long other pods may take to end their playbacks: less than a call to this pod may take. */
const CONFIRM_MS = 1_500;

export type OutgoingPipesDeps = {
  readonly registry: StreamRegistry;
  readonly membership: Membership;
  readonly events: Pick<StreamEvents, 'missed'>;
  readonly media: () => Pick<Media, 'send'>;
  /** When this process started, Unix milliseconds. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
};

/** A pipe of one publication to one pod. */
type Outgoing = {
  readonly pod: string;
  readonly conversation: Conversation;
  /** Resolves when the other pod has ended its playbacks (true), or cannot be asked. */
  readonly told: PromiseWithResolvers<boolean>;
};

/** The pipes that take publications of this pod to other pods. */
export class OutgoingPipes {
  readonly #deps: OutgoingPipesDeps;
  readonly #open = new Map<Played, Set<Outgoing>>();

  constructor(deps: OutgoingPipesDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return [...this.#open.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether another pod fetches a publication. */
  has(publication: Played): boolean {
    return this.#open.has(publication);
  }

  /** Serves a pod that asks for a publication, until either side ends the pipe. */
  async serve(channel: Channel): Promise<void> {
    const conversation = new Conversation(channel, this.#deps.clock);
    try {
      const line = await conversation.next();
      if (line) await this.#send(conversation, line);
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a pipe to another pod failed');
      conversation.say({ error: error instanceof Error ? error.message : String(error) });
    } finally {
      conversation.close();
    }
  }

  /** Ends the playbacks of a publication on other pods. Returns the names of the pods that did not confirm it. */
  async end(stream: Stream, order?: string): Promise<readonly string[]> {
    const pipes = [...(this.#open.get(stream) ?? [])];
    const silent: string[] = [];
    await Promise.all(
      pipes.map(async ({ conversation, pod, told }) => {
        conversation.say({ end: true, ...(order === undefined ? {} : { order }) });
        const late = this.#deps.clock.setTimeout(() => told.resolve(false), CONFIRM_MS);
        if (!(await told.promise)) silent.push(pod);
        late.cancel();
        conversation.close();
      }),
    );
    if (silent.length > 0) {
      this.#deps.log.warn({ streamId: stream.id, pods: silent }, 'pods did not confirm that playbacks have ended');
    }
    return silent;
  }

  /**
   * Tells other pods what a publisher tells its viewers. A pod that is behind is told what is muted, which its later
   * viewers must know, and nothing else.
   */
  relay(publication: Played, { payload, type }: StreamEvent): void {
    for (const { conversation } of this.#open.get(publication) ?? []) {
      if (!conversation.isBehind) conversation.say({ event: { type, payload } });
      else if (type !== 'data') conversation.say({ event: { type } });
    }
  }

  close(): void {
    for (const pipes of this.#open.values()) for (const { conversation } of pipes) conversation.close();
  }

  async #send(conversation: Conversation, line: object): Promise<void> {
    const { media, membership, registry } = this.#deps;
    const call = checkMessage(PeerCall, line, 'line');
    const { appKey, name, shared } = checkMessage(PipeQuestion, call.question, 'line.question');
    membership.heard(call.from, call.startedAt);
    const to = membership.member(call.from);
    if (!to) throw new Error(`pod ${call.from} is not a member of the fleet`);
    const stream = registry.publication(appKey, name);
    if (!stream || !isLive(stream)) return conversation.say(this.#reply(call, null));
    const sending = await media().send({ publication: stream.leg, to, shared });
    try {
      // It may have ended meanwhile.
      conversation.say(this.#reply(call, stream.live ? sending.offer : null));
      if (stream.live) await this.#hold(conversation, { pod: to.pod, stream, sending });
    } finally {
      sending.close();
    }
  }

  #reply(call: PeerCall, offer: Sending['offer'] | null): object {
    const { revision, roster } = this.#deps.membership;
    const newer = roster && revision > call.revision ? { roster } : {};
    return { startedAt: this.#deps.startedAt, revision, answer: { offer }, ...newer };
  }

  /** Keeps the pipe until it ends. */
  async #hold(
    conversation: Conversation,
    { pod, sending, stream }: { readonly pod: string; readonly sending: Sending; readonly stream: Stream },
  ): Promise<void> {
    const outgoing: Outgoing = { pod, conversation, told: Promise.withResolvers() };
    const pipes = this.#open.get(stream) ?? new Set();
    this.#open.set(stream, pipes.add(outgoing));
    for (const event of this.#deps.events.missed(stream)) conversation.say({ event });
    try {
      for (let line = await conversation.next(); line; line = await conversation.next()) {
        if ('ended' in line) outgoing.told.resolve(line.ended === true);
        else await sending.connect(checkMessage(PipeConnect, line, 'line').connect);
      }
    } finally {
      // A pod that closes the pipe, or whose process is gone, has ended its playbacks.
      outgoing.told.resolve(true);
      pipes.delete(outgoing);
      if (pipes.size === 0) this.#open.delete(stream);
    }
  }
}

const isLive = (stream: Stream): stream is Stream & { readonly leg: Publication } =>
  stream.live && stream.leg?.kind === 'publication';
