import type { CaptureEndCause } from '../../crds/schema/capture-reasons.ts';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import { END_CAUSES, finalStatus } from '../../crds/schema/end-causes.ts';
import type { Direction, StreamStatus } from '../../crds/schema/stream.ts';
import type { App } from '../apps/app.ts';
import type { SessionHooks } from '../hooks/session-hooks.ts';
import type { MediaProtocol, PipedPublication, Playback, Publication } from '../media/media.ts';
import type { Client, Session } from './session.ts';

export type StreamOptions = {
  /** Unique on this pod; one that the server has made is unique in the fleet. */
  readonly id: string;
  readonly session: Session;
  readonly direction: Direction;
  readonly name: string;
  readonly custom: Readonly<Record<string, unknown>>;
  readonly offer: string;
  /** The only protocol for media that the client wants; absent = UDP and TCP. */
  readonly protocol?: MediaProtocol;
  /** Unix time, milliseconds. */
  readonly createdAt: number;
};

/** A publication of another pod that is played here. It is not a stream of this pod. */
export type PipedStream = {
  readonly name: string;
  /** False once its playbacks end. */
  readonly live: boolean;
  readonly leg: PipedPublication;
};
/** What a playback plays. */
export type Played = Stream | PipedStream;

export type StreamChange = { readonly status: StreamStatus; readonly info: string };

/** One publication or playback of a session. It holds state and notifies listeners; `streams/terminate.ts` ends it. */
export class Stream {
  readonly id: string;
  readonly session: Session;
  readonly direction: Direction;
  readonly offer: string;
  readonly protocol: MediaProtocol | null;
  readonly createdAt: number;

  /** A `publishStream` reply may overwrite these before the stream is live. */
  name: string;
  custom: Readonly<Record<string, unknown>>;
  maxBitrate: number;
  hasAudio = true;
  hasVideo = true;

  /** The progress of `publishStream` or `playStream`. It determines which events the backend gets at the end. */
  admission: 'none' | 'asked' | 'admitted' = 'none';

  /** The publication that a playback plays: bound by the registry when it is known, null for a publication. */
  publication: Played | null = null;

  /** Set when media has answered the offer. */
  leg: Publication | Playback | null = null;

  #status: StreamStatus = 'NEW';
  #lastLiveStatus: StreamStatus = 'NEW';
  #cause: EndCause | null = null;
  #isEndedByResource = false;
  #endedAt = 0;
  readonly #ending = new AbortController();
  readonly #listeners = new Set<(change: StreamChange) => void>();

  constructor(options: StreamOptions) {
    this.id = options.id;
    this.session = options.session;
    this.direction = options.direction;
    this.name = options.name;
    this.custom = options.custom;
    this.offer = options.offer;
    this.protocol = options.protocol ?? null;
    this.createdAt = options.createdAt;
    this.maxBitrate = this.app.config.limits.maxBitrate;
  }

  get app(): App {
    return this.session.app;
  }

  get appKey(): string {
    return this.session.appKey;
  }

  get client(): Client {
    return this.session.client;
  }

  get hooks(): SessionHooks {
    return this.session.hooks;
  }

  get published(): boolean {
    return this.direction === 'publish';
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** The status before the end, for filters that match a stream that is ending. */
  get lastLiveStatus(): StreamStatus {
    return this.#lastLiveStatus;
  }

  /** Why it ended, null while it lives. */
  get cause(): EndCause | null {
    return this.#cause;
  }

  /** The same for the program of a capture, which also learns of StreamTerminations. */
  get captureCause(): CaptureEndCause | null {
    return this.#isEndedByResource ? 'resource' : this.#cause;
  }

  /** Unix time in milliseconds, 0 while it lives. */
  get endedAt(): number {
    return this.#endedAt;
  }

  /** The text of the cause, empty while it lives. */
  get info(): string {
    return this.#cause === null ? '' : END_CAUSES[this.#cause].info;
  }

  /** Aborted when the stream begins to end: work for it stops. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** True from PUBLISHING or PLAYING until the end. */
  get live(): boolean {
    return this.#status === 'PUBLISHING' || this.#status === 'PLAYING';
  }

  pending(): void {
    this.#change('PENDING');
  }

  /** Its transport is connected: media flows. */
  goLive(): void {
    this.#change(this.published ? 'PUBLISHING' : 'PLAYING');
  }

  /** Marks the end; false if it was already marked. The first cause stays. */
  markEnded(cause: EndCause, at: number, isResource = false): boolean {
    if (this.#cause !== null) return false;
    this.#cause = cause;
    this.#isEndedByResource = isResource;
    this.#endedAt = at;
    this.#status = finalStatus(cause, this.direction);
    this.#ending.abort();
    this.#tell();
    this.#listeners.clear();
    return true;
  }

  /** Calls the listener at every change of status, the end included. Returns a function that stops it. */
  onChange(listener: (change: StreamChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(status: StreamStatus): void {
    if (this.#cause !== null) return;
    this.#status = status;
    this.#lastLiveStatus = status;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener({ status: this.#status, info: this.info });
  }
}
