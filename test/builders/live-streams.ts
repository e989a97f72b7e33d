import type { HookConfig } from '../../crds/schema/server-config.ts';
import type { App } from '../../media-server/apps/app.ts';
import { createHook } from '../../media-server/hooks/hook.ts';
import { IgnoredConfig } from '../../media-server/hooks/ignored-config.ts';
import { EventQueues } from '../../media-server/hooks/queue.ts';
import { SessionCalls } from '../../media-server/hooks/session-calls.ts';
import { Metrics } from '../../media-server/metrics.ts';
import { Session } from '../../media-server/streams/session.ts';
import { Stream } from '../../media-server/streams/stream.ts';
import { systemClock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';

/** As long as the offer of a browser. */
const OFFER = 'v=0\r\n'.padEnd(5_000, 'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n');

/** An app with the real hook client; `hook` overrides the config of its RestHook. */
export function checkedApp(url: string, intervalMs: number, hook: Partial<HookConfig> = {}): App {
  return {
    config: {
      name: 'default',
      appKey: 'defaultApp',
      hook: 'backend',
      keepAlive: { enabled: true, intervalMs },
      limits: { publications: 0, playbacksPerStream: 0, durationMs: 0, maxBitrate: 0 },
      codecs: ['opus', 'VP8'],
    },
    hook: createHook(
      {
        name: 'backend',
        url,
        methods: [{ name: 'StreamKeepAliveEvent', restExclude: ['sdp'], restOnError: 'FAIL', restPolicy: 'NOTIFY' }],
        timeoutMs: 5_000,
        retries: 1,
        maxConnections: 256,
        auth: { type: 'none' },
        tls: { insecureSkipVerify: false },
        ...hook,
      },
      new Map(),
      { clock: systemClock, version: 'test' },
    ),
    unresolved: null,
  };
}

/** Live streams without media; one of ten is a publication. */
export function liveStreams(app: App, count: number, log: Log): { streams: Stream[]; metrics: Metrics } {
  const metrics = new Metrics(() => true);
  const calls = { clock: systemClock, log, queues: new EventQueues(), ignored: new IgnoredConfig(log), metrics };
  const streams = Array.from({ length: count }, (_, index) =>
    newStream(app, new SessionCalls(app, () => 1, calls), index),
  );
  return { streams, metrics };
}

function newStream(app: App, hooks: SessionCalls, index: number): Stream {
  const direction = index % 10 === 0 ? 'publish' : 'play';
  const session = new Session({
    id: `session-${index}`,
    kind: direction === 'publish' ? 'whip' : 'whep',
    app,
    client: { address: '127.0.0.1', isShared: false, origin: 'http://127.0.0.1', version: 'test', token: 'token' },
    custom: { token: 'token', user: String(index) },
    hooks,
    createdAt: Date.now(),
  });
  const stream = new Stream({
    id: `stream-${index}`,
    session,
    direction,
    name: `name-${index}`,
    custom: session.custom,
    offer: OFFER,
    createdAt: Date.now(),
  });
  stream.goLive();
  return stream;
}
