import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { App } from '../apps/app.ts';
import type { SessionHooks } from '../hooks/session-hooks.ts';
import type { Media, MediaProtocol } from '../media/media.ts';
import type { CaptureHolds } from '../streams/capture-holds.ts';
import type { CaptureEpoch, CaptureOrigin, NotStarted } from '../streams/capture-origin.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Client, Session, SessionKind } from '../streams/session.ts';
import type { SessionRegistry } from '../streams/session-registry.ts';
import type { PipedStream, Stream } from '../streams/stream.ts';
import type { Terminator } from '../streams/terminate.ts';

/** What a client says when it connects, free of HTTP. */
export type SessionRequest = {
  readonly kind: SessionKind;
  readonly appKey: string;
  readonly client: Client;
  readonly custom: Readonly<Record<string, unknown>>;
  /** What a capture program publishes. */
  readonly capture?: CaptureOrigin;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
};

/** What a client asks for when it publishes or plays, free of HTTP. */
export type StreamRequest = {
  /** An id that the client has chosen, checked by the caller; without one the server makes it. */
  readonly id?: string;
  readonly name: string;
  readonly offer: string;
  /** The only protocol for media that the client wants; absent = UDP and TCP. */
  readonly protocol?: MediaProtocol;
  readonly custom: Readonly<Record<string, unknown>>;
  /** When the request arrived, monotonic clock, milliseconds. */
  readonly arrivedAt: number;
  /** The address in the candidates of the answer; by default the announced ones. */
  readonly candidateAddress?: string;
};

/** Why a session or a stream does not start: an HTTP status, a sentence for client and log, and when to try again. */
export type Rejection = {
  readonly status: 400 | 403 | 404 | 406 | 409 | 422 | 500 | 503;
  /** Closed set, the metric label `result`. */
  readonly result:
    | 'bad_offer'
    | 'refused'
    | 'unavailable'
    | 'unknown_app'
    | 'name_in_use'
    | 'id_in_use'
    | 'not_live'
    | 'limit'
    | 'denied'
    | 'draining'
    | 'joining'
    | 'terminated'
    | 'error';
  readonly detail: string;
  /** Why the backend refused, in its words: for pages of the Web SDK, which WCS tells it. */
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
  /** Why the session or the stream was ended, for `terminated`; for a capture that stays ended, `denied`. */
  readonly cause?: EndCause;
};

export type SessionOutcome =
  | { readonly kind: 'opened'; readonly session: Session }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export type StreamOutcome =
  | { readonly kind: 'started'; readonly stream: Stream; readonly answer: string }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export type SessionDeps = {
  readonly registry: StreamRegistry;
  readonly sessions: SessionRegistry;
  readonly terminator: Terminator;
  readonly media: Media;
  readonly apps: AppTable;
  readonly keepAlive: { add(stream: Stream): void };
  /** Captures that must not start again yet. */
  readonly holds: Pick<CaptureHolds, 'causeOf' | 'watch'>;
  readonly deny: { denied(appKey: string, name: string, direction: Direction, client: Client): boolean };
  /** `streams` counts the streams of the session. */
  readonly newHooks: (app: App, streams: () => number) => SessionHooks;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: SessionMetrics;
  /** Limits of the whole pod, 0 = none. */
  readonly limits: () => { readonly publications: number; readonly playbacks: number };
  readonly draining: () => boolean;
  /** True until the other pods of the fleet know this one: a stream that they do not know could not be ended. */
  readonly joining: () => boolean;
  readonly names: FleetNames;
  readonly ids: FleetIds;
  readonly elsewhere: PublicationsElsewhere;
  readonly captures: CapturedStreams;
};

/** Streams of StreamCaptures. */
export type CapturedStreams = {
  /** The name of the stream that a viewer asks for, who may say the URL of a camera; null = no capture has that URL. */
  nameOf(appKey: string, asked: string): string | null;
  /** Whether a viewer may start the capture of a name. */
  canStart(appKey: string, name: string): boolean;
  /** Starts the capture of a name, and waits until it is live: null, or why it is not. */
  start(appKey: string, name: string, signal: AbortSignal): Promise<NotStarted | null>;
};

/** Publications of other pods. */
export type PublicationsElsewhere = {
  isLive(appKey: string, name: string): boolean;
  /** Brings a publication here; null if it is not live. Throws `MediaUnavailable` if that is not possible. */
  fetch(appKey: string, name: string): Promise<PipedStream | null>;
};

/** A publication that is about to take its name. */
export type NameClaim = {
  readonly appKey: string;
  readonly name: string;
  /** When it was claimed, Unix milliseconds. */
  readonly at: number;
  /** The capture that it publishes. */
  readonly capture: CaptureEpoch | null;
};

/** Names of publications on all pods. */
export type FleetNames = {
  /** Asks the other pods for a name; false if it is in use there. */
  claim(name: NameClaim): Promise<boolean>;
  /** Tells the other pods that the state of a name has changed: it is live here, or no longer used. */
  changed(appKey: string, name: string): void;
};

/** Ids of streams on all pods. */
export type FleetIds = {
  /** Whether another pod has a stream with an id, as far as the pods answer. */
  isHeldElsewhere(id: string): Promise<boolean>;
};

/** Apps by key; `undefined` = no such app. */
export type AppTable = { get(appKey: string): App | undefined };

export type SessionMetrics = {
  streamStarted(appKey: string, direction: Direction, result: 'started' | Rejection['result']): void;
  joined(direction: Direction, seconds: number): void;
};
