import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';
import {
  CAPTURING_REASONS,
  type CapturingReason,
  HELD_CAUSES,
  type HeldCause,
} from '../../crds/schema/capture-reasons.ts';
import type { Timer } from '../../process/clock.ts';
import { AFTER_TERMINATION, BackOff, type BackOffLimits, RECONNECT, UNAUTHORIZED, UNPLAYABLE } from './back-off.ts';
import { BitRate } from './bit-rate.ts';
import { Demand } from './demand.ts';
import type { CaptureMetrics, ConnectionEnd } from './metrics.ts';
import { Publishing, type PublishingDeps } from './publishing.ts';
import { readRtp } from './rtp.ts';
import type { SourceListener } from './source.ts';
import type { SourceTrack } from './source-events.ts';
import { Timeline } from './timeline.ts';
import { PAYLOAD_TYPES, type TrackKind } from './tracks.ts';
import { VideoWatch } from './video-watch.ts';

/** A source that was opened. */
export type OpenSource = { close(): void };

export type CaptureDeps = PublishingDeps & {
  readonly metrics: Pick<CaptureMetrics, 'connecting' | 'receiving' | 'sourceEnded'>;
  /** `turn` is how many connections brought no video: which address of the source is next. */
  readonly openSource: (order: CaptureOrder, turn: number, listener: SourceListener) => OpenSource;
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
/** A player of a capture that is held need not try soon. */
const HELD_RETRY_MS = 15_000;
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
  #order: CaptureOrder;
  readonly #deps: CaptureDeps;
  readonly #sourceBackOff: BackOff;
  readonly #publishing: Publishing;
  readonly #countReceived: (kind: TrackKind, bytes: number) => void;
  readonly #timeline = new Timeline();
  readonly #demand: Demand;
  /** Timers by what they are for. */
  readonly #timers = new Map<'retry' | 'good' | 'tracks', Timer>();
  #source: OpenSource | null = null;
  #isStopped = false;
  #watch = new VideoWatch();
  #bitRate = new BitRate();
  #tracks: SourceTrack[] = [];
  /** The codec of sound that cannot be published. */
  #leftOut: string | null = null;
  #reason: CapturingReason = 'Connecting';
  #message = '';
  #held: CaptureState['held'] | null = null;
  #connectedAt: number | null = null;
  #connections = 0;
  /** When the source is connected to again, monotonic milliseconds. */
  #retryAt = 0;
  /** Connections that brought no video. */
  #turn = 0;

  constructor(order: CaptureOrder, deps: CaptureDeps) {
    this.#order = order;
    this.#deps = { ...deps, log: deps.log.child({ app: order.appKey, name: order.name }) };
    this.#sourceBackOff = new BackOff(deps.clock);
    this.#countReceived = deps.metrics.receiving(order.appKey);
    this.#demand = new Demand(order, deps.clock, () => this.#rest());
    this.#publishing = new Publishing(order, this.#deps, {
      isWanted: () => this.#demand.isWanted,
      arriving: () => this.#arriving(),
      presentedNow: (kind) => this.#timeline.presentedAt(kind, deps.clock.monotonic()),
      onPublished: () => {
        if (this.#connectedAt !== null) this.#says('Connected', '');
      },
      onPlayed: (isPlayed) => this.#demand.played(isPlayed),
      onWaiting: (reason, message) => this.#says(reason, message),
      onTerminated: (cause, info) => this.#terminated(cause, info),
    });
  }

  get order(): CaptureOrder {
    return this.#order;
  }

  /** From the next connection on, the source may be in these networks. */
  allow(networks: CaptureOrder['allow']): void {
    this.#order = { ...this.#order, allow: networks };
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
    await this.#publishing.stop();
  }

  /** What the operator is told. */
  get state(): CaptureState {
    const { epoch, generation, uid } = this.order;
    const { keyFrameIntervalMs } = this.#watch;
    const { mediaSessionId } = this.#publishing;
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
      ...(mediaSessionId ? { mediaSessionId } : {}),
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
        if (this.#publishing.isLive) this.#publishing.start();
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
    this.#publishing.send(kind, packet);
  }

  #connected(): void {
    this.#connectedAt = this.#deps.clock.now();
    this.#deps.log.info('the source of a capture sends video');
    this.#after('good', GOOD_MS, () => this.#sourceBackOff.reset());
    if (this.#publishing.isLive) this.#says('Connected', '');
    this.#after('tracks', this.#tracks.length > 1 ? 0 : TRACKS_MS, () => this.#publishing.start());
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
    this.#publishing.end();
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
    this.#publishing.pause();
    this.#source?.close();
    this.#source = null;
    this.#connectedAt = null;
  }

  /** The tracks that are published: none while the source is away. */
  #arriving(): TrackKind[] {
    if (this.#connectedAt === null) return [];
    return KINDS.filter((kind) => this.#tracks.some((track) => track.kind === kind));
  }

  /** Somebody wanted the end of the stream. */
  #terminated(cause: HeldCause, info: string): void {
    this.#disconnect();
    this.#publishing.terminate();
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

  #says(reason: CapturingReason, message: string): void {
    this.#reason = reason;
    this.#message = message;
  }

  #after(what: 'retry' | 'good' | 'tracks', delayMs: number, run: () => void): void {
    this.#cancel(what);
    const timer = this.#deps.clock.setTimeout(() => {
      this.#timers.delete(what);
      run();
    }, delayMs);
    this.#timers.set(what, timer);
  }

  #cancel(what: 'retry' | 'good' | 'tracks'): void {
    this.#timers.get(what)?.cancel();
    this.#timers.delete(what);
  }
}

const KINDS: readonly TrackKind[] = ['audio', 'video'];
