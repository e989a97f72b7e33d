import type { AppConfig, HookMethodConfig } from '../../crds/schema/server-config.ts';
import type { Admission, HookBody, SessionHooks } from '../../media-server/hooks/session-hooks.ts';
import { tellDisconnected, tellEnded } from '../../media-server/sessions/events.ts';
import { openSession } from '../../media-server/sessions/open-session.ts';
import { play } from '../../media-server/sessions/play.ts';
import { publish } from '../../media-server/sessions/publish.ts';
import type {
  Rejection,
  SessionDeps,
  SessionOutcome,
  SessionRequest,
  StreamOutcome,
  StreamRequest,
} from '../../media-server/sessions/requests.ts';
import { capture, type SingleRequest, whep, whip } from '../../media-server/sessions/single.ts';
import { CaptureHolds } from '../../media-server/streams/capture-holds.ts';
import type { CaptureOrigin, NotStarted } from '../../media-server/streams/capture-origin.ts';
import { type Denial, DenyList } from '../../media-server/streams/deny.ts';
import { StreamRegistry } from '../../media-server/streams/registry.ts';
import type { Session } from '../../media-server/streams/session.ts';
import { SessionRegistry } from '../../media-server/streams/session-registry.ts';
import type { PipedStream, Stream } from '../../media-server/streams/stream.ts';
import { Terminator } from '../../media-server/streams/terminate.ts';
import { createLogger } from '../../process/logger.ts';
import { savedOffer } from '../fixtures/sdp/offers.ts';
import { FakeMedia } from './fake-media.ts';
import { fakeHook } from './hook.ts';
import { fakeApp, SILENT_HOOKS } from './streams.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const NODE_ID = 'pod-0@127.0.0.1';
const OFFERS = { publish: savedOffer('chromium-publish'), play: savedOffer('chromium-play') };

/** What `left()` says when nothing is left. */
export const NOTHING_LEFT = { sessions: 0, streams: 0, open: [], checked: 0 };

/** The sessions of a pod with real registry, terminator and deny list. The test controls media, backend and time. */
export class SessionStage {
  readonly clock = new VirtualClock();
  readonly media = new FakeMedia();
  readonly registry = new StreamRegistry();
  readonly sessions = new SessionRegistry();
  readonly deny = new DenyList({ clock: this.clock, isProxy: () => false });
  /** The calls to the backend, in order: the method, then the fields of the body that show the state of the stream. */
  readonly told: string[] = [];
  /** The newest body of each method. */
  readonly bodies = new Map<string, HookBody>();
  /** Holds that other pods were told about. */
  readonly held: Denial[] = [];
  /** Streams that the keep-alive loop checks. */
  readonly checked = new Set<Stream>();
  /** Counted metrics: `direction result`, and `direction joined SECONDS`. */
  readonly counted: string[] = [];
  readonly lines: object[] = [];
  readonly limits = { publications: 0, playbacks: 0 };
  isDraining = false;
  isJoining = false;
  /** Names of publications on other pods. */
  readonly namesElsewhere = new Set<string>();
  /** Ids of streams on other pods. */
  readonly idsElsewhere = new Set<string>();
  /** Publications of other pods, by name. */
  readonly playedElsewhere = new Map<string, PipedStream>();
  /** Names of captures by the URLs of their cameras. */
  readonly cameras = new Map<string, string>();
  /** What starts captures that are not live, by name. */
  readonly onDemand = new Map<string, () => Promise<NotStarted | null>>();
  /** Names that other pods were told about. */
  readonly announced: string[] = [];
  app: Writable<ReturnType<typeof fakeApp>> = fakeApp();
  /** The answer of the backend to admission. */
  answer: (method: string, body: HookBody) => Admission | Promise<Admission> = () => ALLOWED;
  readonly #newHooks: SessionDeps['newHooks'];
  readonly terminator = new Terminator({
    registry: this.registry,
    sessions: this.sessions,
    clock: this.clock,
    keepAlive: { remove: (stream) => this.checked.delete(stream) },
    elsewhere: { end: async () => [] },
    ended: (stream) => tellEnded(stream, NODE_ID),
    sessionEnded: (session) => tellDisconnected(session, NODE_ID),
    closeFailed: (stream) => this.lines.push({ closeFailed: stream.id }),
  });

  readonly deps: SessionDeps = {
    registry: this.registry,
    sessions: this.sessions,
    terminator: this.terminator,
    media: this.media,
    apps: { get: (appKey) => (appKey === this.app.config.appKey ? this.app : undefined) },
    keepAlive: { add: (stream) => this.checked.add(stream) },
    deny: this.deny,
    holds: new CaptureHolds({ clock: this.clock, deny: this.deny, tell: (denial) => this.held.push(denial) }),
    newHooks: (app, streams) => this.#newHooks(app, streams),
    nodeId: NODE_ID,
    clock: this.clock,
    log: createLogger('warn', { write: (line) => this.lines.push(JSON.parse(line)) }),
    metrics: {
      streamStarted: (_appKey, direction, result) => this.counted.push(`${direction} ${result}`),
      joined: (direction, seconds) => this.counted.push(`${direction} joined ${seconds}`),
    },
    limits: () => this.limits,
    draining: () => this.isDraining,
    joining: () => this.isJoining,
    elsewhere: {
      isLive: (_appKey, name) => this.playedElsewhere.has(name),
      fetch: async (_appKey, name) => this.playedElsewhere.get(name) ?? null,
    },
    captures: {
      nameOf: (_appKey, asked) => (asked.startsWith('rtsp://') ? (this.cameras.get(asked) ?? null) : asked),
      canStart: (_appKey, name) => this.onDemand.has(name),
      start: async (_appKey, name) => (await this.onDemand.get(name)?.()) ?? null,
    },
    ids: { isHeldElsewhere: async (id) => this.idsElsewhere.has(id) },
    names: {
      claim: async ({ name }) => !this.namesElsewhere.has(name),
      changed: (_appKey, name) => this.announced.push(name),
    },
  };

  /** `newHooks` replaces the recording of calls. */
  constructor(newHooks: SessionDeps['newHooks'] = () => this.#hooks()) {
    this.#newHooks = newHooks;
  }

  /** Sets limits of the app. */
  limitApp(limits: Partial<AppConfig['limits']>): void {
    this.app.config = { ...this.app.config, limits: { ...this.app.config.limits, ...limits } };
  }

  /** Gives the app a RestHook with these methods. */
  hookApp(methods: HookMethodConfig[]): void {
    this.app.hook = fakeHook(methods);
  }

  /** Publishes as WHIP does: in a session of its own. */
  publish(over: Partial<SingleRequest> = {}): Promise<StreamOutcome> {
    return whip(this.deps, this.#single(OFFERS.publish, over));
  }

  /** Plays as WHEP does: in a session of its own. */
  play(over: Partial<SingleRequest> = {}): Promise<StreamOutcome> {
    return whep(this.deps, this.#single(OFFERS.play, over));
  }

  /** Publishes as a capture program does. */
  capture(of: CaptureOrigin, over: Partial<SingleRequest> = {}): Promise<StreamOutcome> {
    return capture(this.deps, { ...this.#single(OFFERS.publish, over), capture: of });
  }

  /** Opens a session without a stream. */
  open(over: Partial<SessionRequest> = {}): Promise<SessionOutcome> {
    return openSession(this.deps, { ...this.#client(), kind: 'webSdk', ...over });
  }

  publishIn(session: Session, over: Partial<StreamRequest> = {}): Promise<StreamOutcome> {
    return publish(this.deps, session, { ...this.#stream(OFFERS.publish), ...over });
  }

  playIn(session: Session, over: Partial<StreamRequest> = {}): Promise<StreamOutcome> {
    return play(this.deps, session, { ...this.#stream(OFFERS.play), ...over });
  }

  /** Starts a live publication and clears the recorded calls. */
  async live(name = 'a'): Promise<Stream> {
    const stream = started(await this.publish({ name }));
    this.media.leg.connect();
    await settle();
    this.told.length = 0;
    this.counted.length = 0;
    return stream;
  }

  /** What sessions have left behind. */
  left() {
    return {
      sessions: this.sessions.size,
      streams: this.registry.size,
      open: this.media.open(),
      checked: this.checked.size,
    };
  }

  #single(offer: string, over: Partial<SingleRequest>): SingleRequest {
    return { ...this.#client(), ...this.#stream(offer), ...over };
  }

  #client(): Omit<SessionRequest, 'kind'> {
    const client = { address: '192.0.2.1', isShared: false, origin: '', version: '', token: '' };
    return { appKey: 'defaultApp', client, custom: {}, signal: new AbortController().signal };
  }

  #stream(offer: string): StreamRequest {
    return { name: 'a', offer, custom: {}, arrivedAt: this.clock.monotonic() };
  }

  #hooks(): SessionHooks {
    return {
      ...SILENT_HOOKS,
      admit: async (method, body) => {
        this.told.push(method);
        this.bodies.set(method, body);
        return this.answer(method, body);
      },
      event: (method, body) => {
        this.told.push([method, body['status'], body['info']].filter(Boolean).join(' '));
        this.bodies.set(method, body);
      },
    };
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const ALLOWED: Admission = { kind: 'allowed', overwrite: {} };
export const REFUSED: Admission = { kind: 'refused', reason: 'Forbidden' };
export const UNAVAILABLE: Admission = { kind: 'unavailable', reason: 'it answered 500', retryAfterSeconds: 7 };

/** The session that has been opened. */
export function opened(outcome: SessionOutcome): Session {
  if (outcome.kind === 'rejected') throw new Error(`rejected: ${JSON.stringify(outcome.rejection)}`);
  return outcome.session;
}

/** The stream that has started. */
export function started(outcome: StreamOutcome): Stream {
  if (outcome.kind === 'rejected') throw new Error(`rejected: ${JSON.stringify(outcome.rejection)}`);
  return outcome.stream;
}

/** Why a session or a stream has not started. */
export function rejected(outcome: SessionOutcome | StreamOutcome): Rejection {
  if (outcome.kind !== 'rejected') throw new Error('it has started');
  return outcome.rejection;
}

/** A promise that the test resolves with `open`. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
