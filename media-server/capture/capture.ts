import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';
import {
  CAPTURING_REASONS,
  type CaptureEndCause,
  type CapturingReason,
  HELD_CAUSES,
  type HeldCause,
} from '../../crds/schema/capture-reasons.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { AFTER_TERMINATION, BackOff, type BackOffLimits, RECONNECT, UNAUTHORIZED, UNPLAYABLE } from './back-off.ts';
import { BitRate } from './bit-rate.ts';
import { Demand } from './demand.ts';
import type { CaptureMetrics, ConnectionEnd } from './metrics.ts';
import type { PublicationListener } from './publication.ts';
import type { PublicationEnd, Refusal } from './publish-client.ts';
import { readRtp } from './rtp.ts';
import type { SourceListener } from './source.ts';
import type { SourceTrack } from './source-events.ts';
import { Timeline } from './timeline.ts';
import { PAYLOAD_TYPES, type TrackKind } from './tracks.ts';
import { VideoWatch } from './video-watch.ts';

/** A source that was opened. */
export type OpenSource = { close(): void };
/** A publication that was started. */
export type OpenPublication = {
  readonly mediaSessionId: string;
  send(kind: TrackKind, packet: Buffer): void;
  close(): Promise<void>;
};

export type CaptureDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<CaptureMetrics, 'connecting' | 'receiving' | 'sourceEnded' | 'publicationEnded'>;
  /** `turn` is how many connections brought no video: which address of the source is next. */
  readonly openSource: (order: CaptureOrder, turn: number, listener: SourceListener) => OpenSource;
  /**
   * Never rejects: a media server that does not answer takes no stream. The signal ends a start that is under way, which
   * is refused then.
   */
  readonly publish: (
    order: CaptureOrder,
    kinds: readonly TrackKind[],
    listener: PublicationListener,
    signal: AbortSignal,
  ) => Promise<OpenPublication | Refusal>;
  /** Called when a capture that somebody wants to play does not start in time. */
  readonly onFailed: (order: CaptureOrder, why: Failure) => void;
  /** Called when a capture is held from now on. */
  readonly onHeld: (order: CaptureOrder) => void;
};

/** Why a capture does not start, in words for viewers, and when it is tried again. */
export type Failure = { readonly detail: string; readonly retryMs: number };

/** Of a message for the operator. */
const MOST_TEXT = 1024;
/** A connection that has lasted so long was a good one: the next one may be tried at once. */
const GOOD_MS = 60_000;
/** A media server that ends a publication sooner is not asked again at once. */
const GOOD_PUBLICATION_MS = 2_000;
/** A player of a capture that is held need not try soon. */
const HELD_RETRY_MS = 15_000;
/** How long a capture that is stopped waits for a start that is under way, so that it can end the publication. */
const STOP_MS = 1_000;
/** Names of tracks come before their packets, at least those of one connection. */
const TRACKS_MS = 300;

/** What a capture is after its source has ended, and how soon it tries again. */
const AFTER_SOURCE: Readonly<Record<ConnectionEnd, readonly [CapturingReason, BackOffLimits]>> = {
  unauthorized: ['Unauthorized', UNAUTHORIZED],
  notFound: ['NotFound', RECONNECT],
  unreachable: ['Unreachable', RECONNECT],
  stalled: ['Stalled', RECONNECT],
  unsupported: ['UnsupportedCodec', UNPLAYABLE],
  notAllowed: ['AddressNotAllowed', UNPLAYABLE],
  endOfStream: ['Unreachable', RECONNECT],
  failed: ['Unreachable', RECONNECT],
  noMedia: ['NoMedia', RECONNECT],
  bFrames: ['BFrames', UNPLAYABLE],
};

/**
 * One captured stream: connects to its source, publishes what comes, and connects again. A camera that was away goes on
 * in the same publication, so its viewers stay. What somebody has ended stays ended (`held`) until the spec changes.
 */
export class Capture {
  readonly order: CaptureOrder;
  readonly #deps: CaptureDeps;
  readonly #sourceBackOff: BackOff;
  readonly #publishBackOff: BackOff;
  readonly #countReceived: (kind: TrackKind, bytes: number) => void;
  readonly #timeline = new Timeline();
  readonly #demand: Demand;
  /** Timers by what they are for. */
  readonly #timers = new Map<'retry' | 'good' | 'tracks' | 'publish', Timer>();
  #source: OpenSource | null = null;
  #publication: OpenPublication | null = null;
  /** The start of a publication that is under way. */
  #publishing: Promise<void> | null = null;
  /** Its media server drains: it is published on another one, which makes it end. */
  #isMoving = false;
  /** Resolves when the publications before are over. */
  #unpublished: Promise<void> = Promise.resolve();
  /** How often somebody wanted the end of the stream. */
  #ends = 0;
  #isStopped = false;
  /** Ends a start that is under way. */
  readonly #abandoned = new AbortController();
  #watch = new VideoWatch();
  #bitRate = new BitRate();
  #tracks: SourceTrack[] = [];
  /** The codec of sound that cannot be published. */
  #leftOut: string | null = null;
  #reason: CapturingReason = 'Connecting';
  #message = '';
  #held: CaptureState['held'] | null = null;
  #connectedAt: number | null = null;
  /** When the publication started, monotonic milliseconds. */
  #publishedAt = 0;
  #connections = 0;
  /** When the source is connected to again, monotonic milliseconds. */
  #retryAt = 0;
  /** Connections that brought no video. */
  #turn = 0;

  constructor(order: CaptureOrder, deps: CaptureDeps) {
    this.order = order;
    this.#deps = { ...deps, log: deps.log.child({ app: order.appKey, name: order.name }) };
    this.#sourceBackOff = new BackOff(deps.clock);
    this.#publishBackOff = new BackOff(deps.clock);
    this.#countReceived = deps.metrics.receiving(order.appKey);
    this.#demand = new Demand(order, deps.clock, () => this.#rest());
  }

  start(): void {
    if (this.#demand.isWanted) this.#connect();
    else this.#says('Idle', '');
  }

  /** Somebody is about to play the stream. */
  want(): void {
    if (!this.isStartable) return;
    this.#demand.begin();
    if (this.#reason === 'Idle') this.#connectAgain(this.#message);
    else this.#tellPlayers();
  }

  /** Whether players start it. */
  get isStartable(): boolean {
    return this.order.mode === 'OnDemand' && !this.#held && !this.#isStopped;
  }

  /** Takes the place of a capture that was ended, and does not start. */
  stayEnded(held: NonNullable<CaptureState['held']>): void {
    this.#says(HELD_CAUSES[held.cause as HeldCause], held.info);
    this.#held = held;
  }

  /** Says goodbye to the camera and ends the publication. Resolves when both are done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#demand.close();
    this.#disconnect();
    const late = this.#deps.clock.setTimeout(() => this.#abandoned.abort(), STOP_MS);
    await this.#publishing;
    late.cancel();
    this.#unpublish();
    await this.#unpublished;
  }

  /** What the operator is told. */
  get state(): CaptureState {
    const { epoch, generation, uid } = this.order;
    const { keyFrameIntervalMs } = this.#watch;
    const bitrate = this.#connectedAt === null ? null : this.#bitRate.at(this.#deps.clock.monotonic());
    return {
      ...{ uid, generation, epoch },
      reason: this.#reason,
      message: (this.#message || this.#silence).slice(0, MOST_TEXT),
      restarts: Math.max(0, this.#connections - 1),
      tracks: this.#tracks.map(({ from, codec, ...track }) => ({ ...track, codec: from ?? codec })),
      ...(this.#connectedAt === null ? {} : { connectedAt: this.#connectedAt }),
      ...(keyFrameIntervalMs === null ? {} : { keyFrameIntervalMs }),
      ...(bitrate === null ? {} : { bitrate }),
      ...(this.#publication?.mediaSessionId ? { mediaSessionId: this.#publication.mediaSessionId } : {}),
      ...(this.#held ? { held: this.#held } : {}),
    };
  }

  /** Why a stream that is fine has no sound. */
  get #silence(): string {
    const isSilent = this.#reason === 'Connected' && this.#tracks.every(({ kind }) => kind !== 'audio');
    return isSilent && this.#leftOut !== null ? `the sound is left out: its codec is ${this.#leftOut}` : '';
  }

  #connect(): void {
    this.#connections += 1;
    this.#deps.metrics.connecting(this.order.appKey);
    this.#tracks = [];
    this.#watch = new VideoWatch();
    this.#bitRate = new BitRate();
    this.#leftOut = null;
    this.#timeline.restart();
    this.#source = this.#deps.openSource(this.order, this.#turn, {
      onTrack: (track) => {
        this.#tracks = [...this.#tracks.filter(({ kind }) => kind !== track.kind), track];
      },
      onLeftOut: (kind, codec) => {
        if (kind === 'audio') this.#leftOut = codec;
      },
      onClock: (kind, clock) => this.#timeline.says(kind, clock),
      onPacket: (packet) => this.#packet(packet),
      onEnded: (reason, text) =>
        this.#lost(reason === 'stalled' && this.#connectedAt === null ? 'noMedia' : reason, text),
    });
  }

  #packet(packet: Buffer): void {
    const header = readRtp(packet);
    const kind = KINDS.find((each) => PAYLOAD_TYPES[each] === header?.payloadType);
    if (!header || !kind) return;
    const now = this.#deps.clock.monotonic();
    this.#countReceived(kind, packet.length);
    this.#bitRate.add(packet.length, now);
    if (this.#connectedAt === null) {
      // A camera that is joined between two key frames sends sound first. Its video is named before its first packet.
      if (kind === 'audio') return;
      this.#connected();
    }
    if (kind === 'video') {
      this.#watch.see(packet, header);
      if (this.#watch.hasBFrames) {
        this.#lost('bFrames', 'browsers do not decode B-frames; switch them off in the camera');
        return;
      }
    }
    this.#timeline.apply(kind, packet, header, now);
    this.#publication?.send(kind, packet);
  }

  #connected(): void {
    this.#connectedAt = this.#deps.clock.now();
    this.#deps.log.info('the source of a capture sends video');
    this.#after('good', GOOD_MS, () => this.#sourceBackOff.reset());
    if (this.#publication) this.#says('Connected', '');
    this.#after('tracks', this.#tracks.length > 1 ? 0 : TRACKS_MS, () => this.#publish());
  }

  /** The source has ended, or is of no use. The publication waits for it: the media server ends it when it is late. */
  #lost(reason: ConnectionEnd, text: string): void {
    const isNew = this.#connectedAt === null;
    if (isNew) this.#turn += 1;
    this.#disconnect();
    this.#deps.metrics.sourceEnded(this.order.appKey, reason);
    const [state, limits] = AFTER_SOURCE[reason];
    const delayMs = this.#sourceBackOff.next(limits);
    this.#says(state, text);
    const message = isNew ? 'the source of a capture brings no video' : 'the source of a capture has ended';
    this.#deps.log.info({ reason, state, text, retryMs: delayMs }, message);
    this.#retryLater(delayMs, text);
  }

  /** Connects again after a while, if the capture is wanted then. */
  #retryLater(delayMs: number, message: string): void {
    this.#retryAt = this.#deps.clock.monotonic() + delayMs;
    this.#after('retry', delayMs, () => {
      if (this.#demand.isWanted) this.#connectAgain(message);
      else this.#says('Idle', message);
    });
    this.#tellPlayers();
  }

  #connectAgain(message: string): void {
    this.#says('Connecting', message);
    this.#connect();
  }

  /** Nobody has played the stream for a while. */
  #rest(): void {
    this.#unpublish();
    // A source that must not be asked yet has a reason that says more, until it may be.
    if (this.#timers.has('retry')) return;
    this.#disconnect();
    this.#connections = 0;
    this.#says('Idle', '');
  }

  /** Players need not wait for a source that is not asked again in time. */
  #tellPlayers(): void {
    const retryMs = this.#retryAt - this.#deps.clock.monotonic();
    if (!this.#timers.has('retry') || retryMs <= this.order.startTimeoutMs) return;
    this.#failed(retryMs);
    this.#demand.giveUp();
  }

  #failed(retryMs: number): void {
    if (this.order.mode === 'Always') return;
    // The message of a source is not for viewers.
    this.#deps.onFailed(this.order, { detail: CAPTURING_REASONS[this.#reason], retryMs: Math.round(retryMs) });
  }

  #disconnect(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#source?.close();
    this.#source = null;
    this.#connectedAt = null;
  }

  /** Publishes while media arrives, unless that is done. The next packet of a source that is away calls it again. */
  #publish(): void {
    const kinds = KINDS.filter((kind) => this.#tracks.some((track) => track.kind === kind));
    const isDone = this.#publication !== null && !this.#isMoving;
    if (this.#publishing || isDone || this.#connectedAt === null || kinds.length === 0) return;
    this.#publishing = this.#start(kinds).finally(() => {
      this.#publishing = null;
    });
  }

  async #start(kinds: readonly TrackKind[]): Promise<void> {
    // They have the same name.
    await this.#unpublished;
    if (this.#isStopped) return;
    const listener: PublicationListener = {
      onEnded: (end) => this.#ended(started, end),
      onDrain: (sendsAway) => this.#drains(started, sendsAway),
      onPlayed: (isPlayed) => {
        if (started === this.#publication) this.#demand.played(isPlayed);
      },
      presentedNow: (kind) => this.#timeline.presentedAt(kind, this.#deps.clock.monotonic()),
    };
    const { signal } = this.#abandoned;
    const ends = this.#ends;
    const started: OpenPublication | Refusal = await this.#deps.publish(this.order, kinds, listener, signal);
    if ('kind' in started) {
      this.#refused(started);
      return;
    }
    this.#unpublish('drain');
    this.#publication = started;
    this.#publishedAt = this.#deps.clock.monotonic();
    this.#isMoving = false;
    if (ends !== this.#ends) this.#unpublishLate();
    else if (!this.#demand.isWanted) this.#unpublish();
    else if (this.#connectedAt !== null) this.#says('Connected', '');
  }

  /** Somebody wanted the end of the stream while this publication started. The source may have come back since. */
  #unpublishLate(): void {
    this.#unpublish();
    if (this.#connectedAt !== null) this.#after('publish', 0, () => this.#publish());
  }

  #unpublish(cause: 'client' | 'drain' = 'client'): void {
    const publication = this.#publication;
    this.#publication = null;
    if (!publication) return;
    this.#deps.metrics.publicationEnded(this.order.appKey, cause);
    const before = this.#unpublished;
    this.#unpublished = publication.close().then(() => before);
  }

  #refused({ cause, detail, retryAfterMs, status }: Refusal): void {
    if (this.#isStopped) return;
    this.#deps.log.info({ status, detail }, 'no media server takes a capture');
    if (status === 403) this.#end(cause !== null && isHoldingCause(cause) ? cause : 'refused', detail);
    else this.#publishLater(status === 409 ? 'NameInUse' : 'Unavailable', detail, retryAfterMs);
  }

  #ended(publication: OpenPublication | Refusal, { cause, info }: PublicationEnd): void {
    if (publication !== this.#publication) return;
    this.#publication = null;
    this.#isMoving = false;
    if (this.#isStopped) return;
    this.#deps.metrics.publicationEnded(this.order.appKey, cause);
    this.#demand.played(false);
    this.#deps.log.info({ cause, info }, 'the publication of a capture has ended');
    if (cause !== null && isHoldingCause(cause)) {
      this.#end(cause, info);
      return;
    }
    // It ends because it moves.
    if (this.#publishing) return;
    const isGood = this.#deps.clock.monotonic() - this.#publishedAt >= GOOD_PUBLICATION_MS;
    if (isGood) this.#publishBackOff.reset();
    this.#publishLater('Unavailable', info, isGood ? 0 : null);
  }

  #drains(publication: OpenPublication | Refusal, sendsAway: boolean): void {
    if (publication !== this.#publication) return;
    this.#isMoving = sendsAway;
    this.#publish();
  }

  /** Somebody wanted the end of the stream. */
  #end(cause: HeldCause, info: string): void {
    this.#ends += 1;
    this.#disconnect();
    this.#unpublish();
    this.#says(HELD_CAUSES[cause], info);
    if (this.order.afterTermination === 'Restart') {
      this.#retryLater(this.#sourceBackOff.next(AFTER_TERMINATION), info);
      return;
    }
    this.#demand.close();
    this.#held = { cause, info: info.slice(0, MOST_TEXT), at: this.#deps.clock.now() };
    this.#deps.log.info({ cause }, 'a capture is held: it stays ended until its StreamCapture changes');
    this.#failed(HELD_RETRY_MS);
    this.#deps.onHeld(this.order);
  }

  #publishLater(reason: CapturingReason, message: string, retryAfterMs: number | null): void {
    // What is wrong with a source that is away says more.
    if (this.#connectedAt === null) return;
    // The one that is to move goes on until then.
    if (!this.#publication) this.#says(reason, message);
    this.#after('publish', retryAfterMs ?? this.#publishBackOff.next(RECONNECT), () => this.#publish());
  }

  #says(reason: CapturingReason, message: string): void {
    this.#reason = reason;
    this.#message = message;
  }

  #after(what: 'retry' | 'good' | 'tracks' | 'publish', delayMs: number, run: () => void): void {
    this.#cancel(what);
    const timer = this.#deps.clock.setTimeout(() => {
      this.#timers.delete(what);
      run();
    }, delayMs);
    this.#timers.set(what, timer);
  }

  #cancel(what: 'retry' | 'good' | 'tracks' | 'publish'): void {
    this.#timers.get(what)?.cancel();
    this.#timers.delete(what);
  }
}

/** Whether somebody wanted the end of the stream: it does not come back by itself. */
const isHoldingCause = <C extends CaptureEndCause>(cause: C): cause is C & HeldCause =>
  Object.hasOwn(HELD_CAUSES, cause);
const KINDS: readonly TrackKind[] = ['audio', 'video'];
