import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import {
  type CaptureEndCause,
  type CapturingReason,
  HELD_CAUSES,
  type HeldCause,
} from '../../crds/schema/capture-reasons.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { BackOff, RECONNECT } from './back-off.ts';
import type { CaptureMetrics } from './metrics.ts';
import type { PublicationListener } from './publication.ts';
import type { PublicationEnd, Refusal } from './publish-client.ts';
import type { TrackKind } from './tracks.ts';

/** A publication that was started. */
export type OpenPublication = {
  readonly mediaSessionId: string;
  send(kind: TrackKind, packet: Buffer): void;
  close(): Promise<void>;
};

/**
 * Starts a publication. Never rejects: a media server that does not answer takes no stream. The signal ends a start that
 * is under way, which is refused then.
 */
export type Publish = (
  order: CaptureOrder,
  kinds: readonly TrackKind[],
  listener: PublicationListener,
  signal: AbortSignal,
) => Promise<OpenPublication | Refusal>;

export type PublishingDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<CaptureMetrics, 'publicationEnded'>;
  readonly publish: Publish;
};

/** The capture whose stream is published. */
export type PublishingListener = {
  isWanted(): boolean;
  /** The tracks that arrive now: none while the source is away. */
  arriving(): readonly TrackKind[];
  /** The timestamp of a packet that would be presented now. */
  presentedNow(kind: TrackKind): number;
  onPublished(): void;
  /** Players of the publication have come, or have gone. */
  onPlayed(isPlayed: boolean): void;
  /** It is not published, and is started again later. */
  onWaiting(reason: CapturingReason, message: string): void;
  /** Somebody wanted the end of the stream. */
  onTerminated(cause: HeldCause, info: string): void;
};

/** A media server that ends a publication sooner is not asked again at once. */
const GOOD_MS = 2_000;
/** How long a start that is under way may go on when the capture stops, so that it can end the publication. */
const STOP_MS = 1_000;

/**
 * The stream of a capture on a media server: started, moved when its media server drains, started again after a failure.
 */
export class Publishing {
  readonly #order: CaptureOrder;
  readonly #deps: PublishingDeps;
  readonly #listener: PublishingListener;
  readonly #backOff: BackOff;
  #publication: OpenPublication | null = null;
  /** The tracks of that publication. */
  #kinds: readonly TrackKind[] = [];
  /** The start of a publication that is under way. */
  #starting: Promise<void> | null = null;
  /** When the publication started, monotonic milliseconds. */
  #startedAt = 0;
  /** Its media server drains: it is published on another one, which makes it end. */
  #isMoving = false;
  #terminations = 0;
  #isStopped = false;
  /** Resolves when the publications before are over. */
  #ended: Promise<void> = Promise.resolve();
  #retry: Timer | null = null;
  /** Ends a start that is under way. */
  readonly #abandoned = new AbortController();

  constructor(order: CaptureOrder, deps: PublishingDeps, listener: PublishingListener) {
    this.#order = order;
    this.#deps = deps;
    this.#listener = listener;
    this.#backOff = new BackOff(deps.clock);
  }

  get isLive(): boolean {
    return this.#publication !== null;
  }

  /** The id of the stream; empty until the media server has told it. */
  get mediaSessionId(): string {
    return this.#publication?.mediaSessionId ?? '';
  }

  send(kind: TrackKind, packet: Buffer): void {
    this.#publication?.send(kind, packet);
  }

  /** Publishes what arrives, unless that is done. A track that has come late takes another publication. */
  start(): void {
    const kinds = this.#listener.arriving();
    const isWhole = kinds.every((kind) => this.#kinds.includes(kind));
    const isDone = this.isLive && isWhole && !this.#isMoving;
    if (this.#starting || isDone || kinds.length === 0) return;
    this.#starting = this.#start(kinds).finally(() => {
      this.#starting = null;
    });
  }

  /** The source is away. What is published goes on: the media server ends it when the source is away for too long. */
  pause(): void {
    this.#retry?.cancel();
    this.#retry = null;
  }

  /** Nobody wants it any more. A start that is under way ends the same way, unless it is wanted again by then. */
  end(): void {
    this.#close('client');
  }

  /** Somebody wanted the end of the stream: a start that is under way ends as well. */
  terminate(): void {
    this.#terminations += 1;
    this.end();
  }

  /** Ends it for good. Resolves when that is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.pause();
    const late = this.#deps.clock.setTimeout(() => this.#abandoned.abort(), STOP_MS);
    await this.#starting;
    late.cancel();
    this.end();
    await this.#ended;
  }

  async #start(kinds: readonly TrackKind[]): Promise<void> {
    // They have the same name.
    await this.#ended;
    if (this.#isStopped) return;
    const isCurrent = (): boolean => started === this.#publication;
    const listener: PublicationListener = {
      onEnded: (end) => {
        if (isCurrent()) this.#lost(end);
      },
      onDrain: (sendsAway) => {
        if (!isCurrent()) return;
        this.#isMoving = sendsAway;
        this.start();
      },
      onPlayed: (isPlayed) => {
        if (isCurrent()) this.#listener.onPlayed(isPlayed);
      },
      presentedNow: (kind) => this.#listener.presentedNow(kind),
    };
    const terminations = this.#terminations;
    const started = await this.#deps.publish(this.#order, kinds, listener, this.#abandoned.signal);
    const isTerminated = terminations !== this.#terminations;
    if ('kind' in started) {
      if (isTerminated) this.#startAnew();
      else this.#refused(started);
      return;
    }
    this.#close('drain');
    this.#publication = started;
    this.#kinds = kinds;
    this.#startedAt = this.#deps.clock.monotonic();
    this.#isMoving = false;
    if (isTerminated) this.#startAnew();
    else if (!this.#listener.isWanted()) this.end();
    else {
      this.#listener.onPublished();
      // A track may have come meanwhile.
      this.#startAfter(0);
    }
  }

  /** Somebody wanted the end of the stream while it started. The source may have come back since. */
  #startAnew(): void {
    this.end();
    if (this.#listener.arriving().length > 0) this.#startAfter(0);
  }

  #close(cause: 'client' | 'drain'): void {
    const publication = this.#publication;
    this.#publication = null;
    if (!publication) return;
    this.#deps.metrics.publicationEnded(this.#order.appKey, cause);
    const before = this.#ended;
    this.#ended = publication.close().then(() => before);
  }

  #refused({ cause, detail, retryAfterMs, status }: Refusal): void {
    if (this.#isStopped) return;
    this.#deps.log.info({ status, detail }, 'no media server takes a capture');
    const wish = cause !== null && isHoldingCause(cause) ? cause : 'refused';
    if (status === 403) this.#listener.onTerminated(wish, detail);
    else this.#startLater(status === 409 ? 'NameInUse' : 'Unavailable', detail, retryAfterMs);
  }

  /** The media server has ended the publication. */
  #lost({ cause, info }: PublicationEnd): void {
    this.#publication = null;
    this.#isMoving = false;
    if (this.#isStopped) return;
    this.#deps.metrics.publicationEnded(this.#order.appKey, cause);
    this.#listener.onPlayed(false);
    this.#deps.log.info({ cause, info }, 'the publication of a capture has ended');
    if (cause !== null && isHoldingCause(cause)) {
      this.#listener.onTerminated(cause, info);
      return;
    }
    // It ends because it moves.
    if (this.#starting) return;
    const isGood = this.#deps.clock.monotonic() - this.#startedAt >= GOOD_MS;
    if (isGood) this.#backOff.reset();
    this.#startLater('Unavailable', info, isGood ? 0 : null);
  }

  #startLater(reason: CapturingReason, message: string, retryAfterMs: number | null): void {
    // What is wrong with a source that is away says more.
    if (this.#listener.arriving().length === 0) return;
    // The one that is to move goes on until then.
    if (!this.isLive) this.#listener.onWaiting(reason, message);
    this.#startAfter(retryAfterMs ?? this.#backOff.next(RECONNECT));
  }

  #startAfter(delayMs: number): void {
    this.pause();
    this.#retry = this.#deps.clock.setTimeout(() => this.start(), delayMs);
  }
}

/** Whether somebody wanted the end of the stream: it does not come back by itself. */
const isHoldingCause = <C extends CaptureEndCause>(cause: C): cause is C & HeldCause =>
  Object.hasOwn(HELD_CAUSES, cause);
