import { randomUUID } from 'node:crypto';
import type { Direction } from '../../crds/schema/stream.ts';
import type { App } from '../../media-server/apps/app.ts';
import type { SessionHooks } from '../../media-server/hooks/session-hooks.ts';
import type { Publication } from '../../media-server/media/media.ts';
import { StreamRegistry } from '../../media-server/streams/registry.ts';
import { type Client, Session, type SessionOptions } from '../../media-server/streams/session.ts';
import { SessionRegistry } from '../../media-server/streams/session-registry.ts';
import { Stream } from '../../media-server/streams/stream.ts';
import type { StreamEvents } from '../../media-server/streams/stream-events.ts';
import { serverMadeId } from '../../media-server/streams/stream-id.ts';
import { Terminator } from '../../media-server/streams/terminate.ts';
import { systemClock } from '../../process/clock.ts';

export const SILENT_HOOKS: SessionHooks = {
  admit: async () => ({ kind: 'allowed', overwrite: {} }),
  event: () => undefined,
  keepAlive: async () => ({ kind: 'status', status: 200, retryAfterMs: null, body: '' }),
  methodConfig: () => ({
    clientExclude: [],
    restExclude: [],
    restOnError: 'FAIL',
    restPolicy: 'NOTIFY',
    restOverwrite: [],
  }),
};

/** For fleets without pages. */
export const NO_EVENTS: Pick<StreamEvents, 'missed' | 'relay'> = { relay: () => true, missed: () => [] };

export function fakeApp(appKey = 'defaultApp'): App {
  return {
    config: {
      name: appKey.toLowerCase(),
      appKey,
      keepAlive: { enabled: true, intervalMs: 1000 },
      limits: { publications: 0, playbacksPerStream: 0, durationMs: 0, maxBitrate: 0 },
      codecs: ['opus', 'VP8'],
    },
    hook: null,
    unresolved: null,
  };
}

export type StreamSetup = {
  /** One that a page has chosen; without it, the stream gets one that the server makes. */
  readonly id?: string;
  readonly name?: string;
  readonly direction?: Direction;
  /** Without one, the stream gets a session of its own, of this app and client. */
  readonly session?: Session;
  readonly app?: App;
  readonly client?: Partial<Client>;
  /** How the transport closes; at once by default. */
  readonly close?: () => Promise<void>;
};

export function fakeSession(over: Partial<SessionOptions> = {}): Session {
  return new Session({
    id: randomUUID(),
    kind: 'webSdk',
    app: fakeApp(),
    client: { address: '192.0.2.1', isShared: false, origin: '', version: '', token: '' },
    custom: { token: 's3cret', room: '7' },
    hooks: SILENT_HOOKS,
    createdAt: 1_700_000_000_000,
    ...over,
  });
}

/** A live stream without media. Its transport only counts how often it was closed. */
export function fakeStream(setup: StreamSetup = {}): Stream & { readonly closes: { count: number } } {
  const { close = async () => undefined, direction = 'publish', id = serverMadeId(randomUUID()), name = 'a' } = setup;
  const { session = singleSession(direction, setup) } = setup;
  const { createdAt, custom } = session;
  const stream = new Stream({ id, session, direction, name, custom, offer: 'v=0', createdAt });
  const closes = { count: 0 };
  stream.leg = fakeLeg(async () => {
    closes.count += 1;
    await close();
  });
  stream.pending();
  stream.goLive();
  return Object.assign(stream, { closes });
}

/** A session that ends with its stream. */
function singleSession(direction: Direction, { app = fakeApp(), client = {} }: StreamSetup): Session {
  return fakeSession({
    kind: direction === 'publish' ? 'whip' : 'whep',
    app,
    client: { ...fakeSession().client, ...client },
  });
}

export function fakeLeg(close: () => Promise<void>): Publication {
  return {
    kind: 'publication',
    answer: '',
    audioCodec: 'opus',
    videoCodec: 'VP8',
    iceUfrag: () => 'ufrag',
    transport: () => 'UDP',
    connected: () => true,
    workerDied: () => false,
    onConnected: () => undefined,
    onFailure: () => undefined,
    applyFragment: async () => null,
    metrics: async () => ({ bytes: 1, packets: 1, packetsLost: 0, bitrate: 8, rttMs: 1 }),
    layers: () => [],
    close,
  };
}

/** Registries, a terminator, and the streams and sessions reported as ended. */
export function fakeStreams() {
  const registry = new StreamRegistry();
  const sessions = new SessionRegistry();
  const ended: Stream[] = [];
  const endedSessions: Session[] = [];
  const left: Stream[] = [];
  const failures: [Stream, unknown][] = [];
  const terminator = new Terminator({
    registry,
    sessions,
    clock: systemClock,
    keepAlive: { remove: (stream) => left.push(stream) },
    elsewhere: { end: async () => [] },
    ended: (stream) => ended.push(stream),
    sessionEnded: (session) => endedSessions.push(session),
    closeFailed: (stream, error) => failures.push([stream, error]),
  });
  const add = (setup: StreamSetup = {}): ReturnType<typeof fakeStream> => {
    const stream = fakeStream(setup);
    registry.add(stream);
    sessions.add(stream.session);
    return stream;
  };
  return { registry, sessions, terminator, ended, endedSessions, left, failures, add };
}
