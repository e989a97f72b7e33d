import {
  type CaptureOffer,
  type FromMediaServer,
  FromProgram,
  type PullCall,
  type PullReply,
} from '../../crds/schema/capture-calls.ts';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { NotStarted } from '../streams/capture-origin.ts';
import { type Channel, Conversation } from './conversation.ts';
import { checkMessage } from './messages.ts';
import type { Names } from './names.ts';

export type CaptureProgramsDeps = {
  /** Whether a publication is live on this pod or on another one. */
  readonly isLive: (appKey: string, name: string) => boolean;
  readonly names: Pick<Names, 'onChange'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
};

/** A stream that was not there in time may be there soon. */
const LATE: NotStarted = { detail: 'it has not started in time', retryAfterMs: 2_000 };

/** How long a program may take to answer a call: it ends a capture before it answers. */
const ANSWER_MS = 5_000;

/** Names of streams in this form are URLs of cameras. */
const URL_SCHEME = 'rtsp://';

/** A capture, and the connection to the program that has it. */
type Offered = { readonly offer: CaptureOffer; readonly program: Conversation };

type Ask = (call: PullCall) => Promise<PullReply | null>;
/** A program on which the REST API starts captures. */
export type Puller = { readonly appKey: string; readonly ask: Ask };
type Found = { readonly offer: CaptureOffer; readonly ask: Ask };

/** The programs of captures that are connected to this pod: which captures they have, and which ones viewers start. */
export class CapturePrograms {
  readonly #deps: CaptureProgramsDeps;
  readonly #offers = new Map<Conversation, readonly CaptureOffer[]>();
  /** The apps of the captures that the REST API starts on a program. */
  readonly #pullsFor = new Map<Conversation, string>();
  readonly #calls = new Map<number, (reply: PullReply | null) => void>();
  #lastCall = 0;
  #byName: ReadonlyMap<string, Offered> = new Map();
  #byUrl: ReadonlyMap<string, Offered> = new Map();
  /** What ends the wait of a viewer for a capture, by the key of the stream. */
  readonly #waiting = new Map<string, Set<(outcome: NotStarted | null) => void>>();

  constructor(deps: CaptureProgramsDeps) {
    this.#deps = deps;
  }

  /** Serves a program until either side closes the connection. */
  async serve(channel: Channel): Promise<void> {
    const program: Conversation = new Conversation(channel, this.#deps.clock, (event) => this.#hear(program, event));
    // Everything that it says is an event.
    await program.next();
    program.close();
    this.#offers.delete(program);
    this.#pullsFor.delete(program);
    this.#index();
  }

  close(): void {
    for (const program of this.#offers.keys()) program.close();
  }

  /**
   * The name of the stream that a viewer asks for. The URL of a camera is a name of its capture and of nothing else, so
   * that nobody can publish in the place of a camera: null = no capture of the app has it.
   */
  nameOf(appKey: string, asked: string): string | null {
    if (!asked.startsWith(URL_SCHEME)) return asked;
    return this.#byUrl.get(keyOf(appKey, asked))?.offer.name ?? null;
  }

  /** Whether a viewer may start the capture of a name. */
  canStart(appKey: string, name: string): boolean {
    return this.#byName.get(keyOf(appKey, name))?.offer.startTimeoutMs !== undefined;
  }

  /** Starts the capture of a name. Resolves with null when it is live, or may be as far as is known. */
  async start(appKey: string, name: string, signal: AbortSignal): Promise<NotStarted | null> {
    const { clock, isLive, names } = this.#deps;
    const key = keyOf(appKey, name);
    const offered = this.#byName.get(key);
    const { startTimeoutMs } = offered?.offer ?? {};
    if (!offered || startTimeoutMs === undefined) return null;
    const { promise, resolve } = Promise.withResolvers<NotStarted | null>();
    const look = (): void => {
      if (isLive(appKey, name)) resolve(null);
    };
    const gone = (): void => resolve(null);
    const unfollow = names.onChange(look);
    const late = clock.setTimeout(() => resolve(LATE), startTimeoutMs);
    signal.addEventListener('abort', gone, { once: true });
    this.#await(key, resolve);
    ask(offered);
    try {
      return await promise;
    } finally {
      late.cancel();
      unfollow();
      signal.removeEventListener('abort', gone);
      this.#leave(key, resolve);
    }
  }

  /** The programs on which the REST API starts captures, those with the fewest captures first. */
  get pullers(): Puller[] {
    return [...this.#pullsFor]
      .map(([program, appKey]) => ({
        appKey,
        captures: this.#offers.get(program)?.length ?? 0,
        ask: (call: PullCall) => this.#ask(program, call),
      }))
      .toSorted((one, other) => one.captures - other.captures);
  }

  /** The capture that has a URL or a name in an app, and the program that has it. */
  find(appKey: string, by: { readonly url: string; readonly name: string }): Found | null {
    const offered = this.#byUrl.get(keyOf(appKey, by.url)) ?? this.#byName.get(keyOf(appKey, by.name));
    return offered ? { offer: offered.offer, ask: (call) => this.#ask(offered.program, call) } : null;
  }

  /** Resolves with null if the program does not answer. */
  async #ask(program: Conversation, call: PullCall): Promise<PullReply | null> {
    const id = ++this.#lastCall;
    const { promise, resolve } = Promise.withResolvers<PullReply | null>();
    this.#calls.set(id, resolve);
    const late = this.#deps.clock.setTimeout(() => resolve(null), ANSWER_MS);
    const event: FromMediaServer = { id, call };
    program.say({ event });
    const reply = await promise;
    late.cancel();
    this.#calls.delete(id);
    return reply;
  }

  #await(key: string, resolve: (outcome: NotStarted | null) => void): void {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
  }

  #leave(key: string, resolve: (outcome: NotStarted | null) => void): void {
    const waiting = this.#waiting.get(key);
    waiting?.delete(resolve);
    if (waiting?.size === 0) this.#waiting.delete(key);
  }

  #hear(program: Conversation, event: unknown): void {
    try {
      const message = checkMessage(FromProgram, event, 'line.event');
      if ('captures' in message) this.#take(program, message);
      else if ('failed' in message) this.#failed(program, message.failed);
      else this.#calls.get(message.id)?.(message.reply);
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a program of captures has sent what is not valid');
      program.close();
    }
  }

  #take(program: Conversation, { captures, pullsFor }: Extract<FromProgram, { captures: object }>): void {
    this.#offers.set(program, captures);
    if (pullsFor === undefined) this.#pullsFor.delete(program);
    else this.#pullsFor.set(program, pullsFor);
    this.#index();
    // Viewers may have asked the program before, or the one that had the capture, and the connection was lost.
    for (const key of this.#waiting.keys()) {
      const offered = this.#byName.get(key);
      if (offered?.program === program) ask(offered);
    }
  }

  #failed(program: Conversation, failed: Extract<FromProgram, { failed: object }>['failed']): void {
    const offer = this.#offers.get(program)?.find(({ uid }) => uid === failed.uid);
    if (!offer) return;
    const outcome = { detail: failed.detail, retryAfterMs: failed.retryMs };
    for (const resolve of this.#waiting.get(keyOf(offer.appKey, offer.name)) ?? []) resolve(outcome);
  }

  /** The newest assignment of a name counts; of two names that a URL has, the first one. */
  #index(): void {
    const offered = [...this.#offers].flatMap(([program, offers]) => offers.map((offer) => ({ offer, program })));
    // Of equal keys, the last one stays.
    this.#byName = new Map(offered.toSorted(byEpoch).map((each) => [keyOf(each.offer.appKey, each.offer.name), each]));
    const withUrl = [...this.#byName.values()].toSorted(byNameBackwards);
    this.#byUrl = new Map(
      withUrl.flatMap((each) => {
        const { appKey, url } = each.offer;
        return url === undefined ? [] : [[keyOf(appKey, url), each]];
      }),
    );
  }
}

const byEpoch = ({ offer: one }: Offered, { offer: other }: Offered): number => one.epoch - other.epoch;
const byNameBackwards = ({ offer: one }: Offered, { offer: other }: Offered): number =>
  one.name < other.name ? 1 : -1;

function ask({ offer: { uid }, program }: Offered): void {
  const event: FromMediaServer = { start: { uid } };
  program.say({ event });
}

/** App keys contain no line feed. */
const keyOf = (appKey: string, text: string): string => `${appKey}\n${text}`;
