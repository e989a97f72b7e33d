import { END_CAUSES, type EndCause } from '../../crds/schema/end-causes.ts';
import type { MediaProvider } from '../../crds/schema/stream.ts';
import type { App } from '../apps/app.ts';
import type { SessionHooks } from '../hooks/session-hooks.ts';
import type { CaptureOrigin } from './capture-origin.ts';

/** How a client opened a session: a WHIP or a WHEP request, a socket of the Web SDK, or a capture that begins. */
export const SESSION_KINDS = ['whip', 'whep', 'webSdk', 'capture'] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

export type SessionStatus = 'PENDING' | 'ESTABLISHED' | 'DISCONNECTED';

/** The client, as its request describes it: that of HTTP, or the first message of a socket. */
export type Client = {
  /** Address after `rest.trustedProxies` were taken into account. */
  readonly address: string;
  /** The address belongs to a proxy that is not in `rest.trustedProxies`, so other clients share it. */
  readonly isShared: boolean;
  readonly origin: string;
  /** `User-Agent` header; for a page of the Web SDK its version of the protocol, such as `2.0`. */
  readonly version: string;
  /** What a page of the Web SDK says about itself. */
  readonly page?: PageInfo;
  /** Bearer token, `?token=`, or `token` of `custom` of a page; empty = none. Goes to hooks only. */
  readonly token: string;
};

/** Texts of a page, passed on to backends as they are. */
export type PageInfo = {
  readonly osVersion: string;
  readonly browserVersion: string;
  /** Such as `WebRTC` and `MSE`. */
  readonly mediaProviders: readonly string[];
};

export type SessionOptions = {
  readonly id: string;
  readonly kind: SessionKind;
  readonly app: App;
  readonly client: Client;
  readonly custom: Readonly<Record<string, unknown>>;
  /** What a session of the kind `capture` publishes. */
  readonly capture?: CaptureOrigin | undefined;
  readonly hooks: SessionHooks;
  /** Unix time, milliseconds. */
  readonly createdAt: number;
};

/**
 * One client at one app. Its streams come and go; it may have none. It holds state only: `streams/terminate.ts` ends it
 * after its last stream.
 */
export class Session {
  readonly id: string;
  readonly kind: SessionKind;
  readonly app: App;
  readonly client: Client;
  /** What the client passed when it connected. Each stream has a `custom` of its own. */
  readonly custom: Readonly<Record<string, unknown>>;
  readonly capture: CaptureOrigin | null;
  readonly hooks: SessionHooks;
  readonly createdAt: number;

  /** The progress of `connect`. A backend that was not asked, or that refused, is not told about the end. */
  admission: 'none' | 'asked' | 'connected' = 'none';

  #cause: EndCause | null = null;
  #isOver = false;
  readonly #ending = new AbortController();
  readonly #over = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.app = options.app;
    this.client = options.client;
    this.custom = options.custom;
    this.capture = options.capture ?? null;
    this.hooks = options.hooks;
    this.createdAt = options.createdAt;
  }

  get appKey(): string {
    return this.app.config.appKey;
  }

  get mediaProvider(): MediaProvider {
    return this.capture?.provider ?? 'WebRTC';
  }

  /** True for a session that has exactly one stream: both end together. */
  get endsWithStream(): boolean {
    return this.kind !== 'webSdk';
  }

  get status(): SessionStatus {
    if (this.#isOver) return 'DISCONNECTED';
    return this.admission === 'connected' ? 'ESTABLISHED' : 'PENDING';
  }

  /** Why it ends, null while it lives. It takes no new streams once this is set. */
  get cause(): EndCause | null {
    return this.#cause;
  }

  /** The text of the cause, empty while it lives. */
  get info(): string {
    return this.#cause === null ? '' : END_CAUSES[this.#cause].info;
  }

  /** Aborted when the session begins to end, before its streams do: work for it stops. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Resolves when its last stream has ended and nothing of it is left. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Marks the begin of the end; false if it was already marked. The first cause stays. */
  markEnded(cause: EndCause): boolean {
    if (this.#cause !== null) return false;
    this.#cause = cause;
    this.#ending.abort();
    return true;
  }

  /** Marks that nothing of it is left. */
  markOver(): void {
    this.#isOver = true;
    this.#over.resolve();
  }
}
