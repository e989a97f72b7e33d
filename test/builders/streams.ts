import { randomUUID } from 'node:crypto';
import type { Direction } from '../../crds/schema/stream.ts';
import type { App } from '../../media-server/apps/app.ts';
import type { SessionHooks } from '../../media-server/hooks/session-hooks.ts';
import type { Publication } from '../../media-server/media/media.ts';
import { StreamRegistry } from '../../media-server/streams/registry.ts';
import { type Client, Stream } from '../../media-server/streams/stream.ts';
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
  readonly name?: string;
  readonly direction?: Direction;
  readonly app?: App;
  readonly client?: Partial<Client>;
  /** How the transport closes; at once by default. */
  readonly close?: () => Promise<void>;
};

/** A live stream without media. Its transport only counts how often it was closed. */
export function fakeStream(setup: StreamSetup = {}): Stream & { readonly closes: { count: number } } {
  const { app = fakeApp(), client = {}, close = async () => undefined, direction = 'publish', name = 'a' } = setup;
  const stream = new Stream({
    id: randomUUID(),
    sessionId: randomUUID(),
    secret: randomUUID(),
    direction,
    app,
    name,
    client: { address: '192.0.2.1', isShared: false, origin: '', version: '', token: '', ...client },
    custom: { token: 's3cret', room: '7' },
    offer: 'v=0',
    hooks: SILENT_HOOKS,
    createdAt: 1_700_000_000_000,
  });
  const closes = { count: 0 };
  stream.leg = fakeLeg(async () => {
    closes.count += 1;
    await close();
  });
  stream.pending();
  stream.goLive();
  return Object.assign(stream, { closes });
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

/** A registry, a terminator, and the streams reported as ended. */
export function fakeStreams() {
  const registry = new StreamRegistry();
  const ended: Stream[] = [];
  const left: Stream[] = [];
  const failures: [Stream, unknown][] = [];
  const terminator = new Terminator({
    registry,
    clock: systemClock,
    keepAlive: { remove: (stream) => left.push(stream) },
    elsewhere: { end: async () => [] },
    ended: (stream) => ended.push(stream),
    closeFailed: (stream, error) => failures.push([stream, error]),
  });
  const add = (setup: StreamSetup = {}): ReturnType<typeof fakeStream> => {
    const stream = fakeStream(setup);
    registry.add(stream);
    return stream;
  };
  return { registry, terminator, ended, left, failures, add };
}
