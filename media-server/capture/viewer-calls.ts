import type { Static, TSchema } from 'typebox';
import {
  AnyCall,
  FromMediaServer,
  type FromProgram,
  type PullCall,
  type PullReply,
} from '../../crds/schema/capture-calls.ts';
import type { MediaPod } from '../../crds/schema/capture-messages.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { type Clock, sleep, type Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { type Channel, Conversation } from '../fleet/conversation.ts';
import type { Failure } from './capture.ts';

export type ViewerCallsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** Connects to a media pod. Throws if there is no key. */
  readonly open: (pod: MediaPod) => Channel;
  /** What viewers may ask for, and the app for which the REST API starts captures. */
  readonly offers: () => Offers;
  /** A viewer asks for a capture. */
  readonly want: (uid: string) => void;
  /** Answers a call of the REST API. */
  readonly answer: (call: PullCall) => Promise<PullReply>;
};

type Offers = Extract<FromProgram, { captures: object }>;

/** A media pod that is away is called again after this time. */
const AGAIN_MS = 1_000;
/** How soon a media pod is told again that has not received all. */
const BEHIND_MS = 100;

const UNKNOWN: PullReply = { status: 500, detail: 'the capture pod does not know this call', found: [] };

/** The connections to all media pods, on which they say which captures their viewers want to play. */
export class ViewerCalls {
  readonly #deps: ViewerCallsDeps;
  /** What ends the calls to a media pod, by its name and address. */
  readonly #pods = new Map<string, AbortController>();
  readonly #open = new Set<Conversation>();
  /** Of media pods that are told later. */
  readonly #behind = new Map<Conversation, Timer>();

  constructor(deps: ViewerCallsDeps) {
    this.#deps = deps;
  }

  /** Calls these media pods, and no others. */
  set(pods: readonly MediaPod[]): void {
    const wanted = new Map(pods.map((pod) => [`${pod.pod} ${pod.address}:${pod.port}`, pod]));
    for (const [key, over] of this.#pods) {
      if (wanted.has(key)) continue;
      over.abort();
      this.#pods.delete(key);
    }
    for (const [key, pod] of wanted) {
      if (this.#pods.has(key)) continue;
      const over = new AbortController();
      this.#pods.set(key, over);
      void this.#keep(pod, over.signal);
    }
  }

  /** Tells all media pods what viewers may ask for. */
  tell(): void {
    for (const conversation of this.#open) this.#tell(conversation);
  }

  /** Tells all media pods that a capture which was asked for does not start in time. */
  failed(uid: string, why: Failure): void {
    this.#say({ failed: { uid, ...why } });
  }

  close(): void {
    this.set([]);
  }

  /** The list may be long and change often: a media pod that has not received the last one is told later. */
  #tell(conversation: Conversation): void {
    if (this.#behind.has(conversation)) return;
    if (!conversation.isBehind) {
      conversation.say({ event: this.#deps.offers() });
      return;
    }
    const again = (): void => {
      this.#behind.delete(conversation);
      this.#tell(conversation);
    };
    this.#behind.set(conversation, this.#deps.clock.setTimeout(again, BEHIND_MS));
  }

  #say(event: FromProgram): void {
    for (const conversation of this.#open) conversation.say({ event });
  }

  async #keep(pod: MediaPod, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let told: string | null = null;
    while (!signal.aborted) {
      const fault = await this.#converse(pod, signal);
      if (fault !== told && !signal.aborted) log.warn({ pod: pod.pod, fault }, 'a media pod cannot ask for captures');
      told = fault;
      await sleep(clock, AGAIN_MS, signal);
    }
  }

  /** Resolves when the connection is over, with the reason. */
  async #converse(pod: MediaPod, signal: AbortSignal): Promise<string> {
    let conversation: Conversation;
    try {
      conversation = new Conversation(this.#deps.open(pod), this.#deps.clock, (event) => {
        void this.#hear(conversation, event);
      });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const close = (): void => conversation.close();
    signal.addEventListener('abort', close, { once: true });
    this.#open.add(conversation);
    this.#tell(conversation);
    // Everything that it says is an event.
    await conversation.next();
    conversation.close();
    this.#open.delete(conversation);
    this.#behind.get(conversation)?.cancel();
    this.#behind.delete(conversation);
    signal.removeEventListener('abort', close);
    return conversation.fault ?? 'it closed the connection';
  }

  async #hear(conversation: Conversation, event: unknown): Promise<void> {
    if (isValid(FromMediaServer, event)) {
      if ('start' in event) this.#deps.want(event.start.uid);
      else conversation.say({ event: { id: event.id, reply: await this.#answer(event.call) } satisfies FromProgram });
      return;
    }
    // A newer media server may say more. Who calls the REST API does not wait in vain.
    if (isValid(AnyCall, event)) conversation.say({ event: { id: event.id, reply: UNKNOWN } satisfies FromProgram });
  }

  async #answer(call: PullCall): Promise<PullReply> {
    try {
      return await this.#deps.answer(call);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'a call of the REST API failed');
      return { status: 500, detail: 'internal error; see the log of the capture pod', found: [] };
    }
  }
}

const isValid = <S extends TSchema>(schema: S, event: unknown): event is Static<S> =>
  schemaFindings(schema, event, 'event').length === 0;
