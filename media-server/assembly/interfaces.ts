import type { FastifyInstance } from 'fastify';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { systemClock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { version } from '../../process/version.ts';
import type { Env } from '../env.ts';
import type { FleetAnswer } from '../fleet/combine.ts';
import { Placement } from '../fleet/placement.ts';
import { RestCaptureCalls } from '../fleet/rest-capture-calls.ts';
import { terminate } from '../fleet/terminate.ts';
import { IgnoredConfig } from '../hooks/ignored-config.ts';
import { SessionCalls } from '../hooks/session-calls.ts';
import { buildPublicApp, type SessionAppDeps } from '../http/public-app.ts';
import { Resources } from '../http/sessions/resources.ts';
import type { Media } from '../media/media.ts';
import { openSession } from '../sessions/open-session.ts';
import { isPlayable, play } from '../sessions/play.ts';
import { publish } from '../sessions/publish.ts';
import type { SessionDeps } from '../sessions/requests.ts';
import { whep, whip } from '../sessions/single.ts';
import { createWebSdk, type WebSdk } from '../websdk/web-sdk.ts';
import type { Parts } from './parts.ts';

const clock = systemClock;

type WithMedia = { readonly media: Media; readonly log: Log };

type WithDeps = { readonly deps: SessionDeps; readonly log: Log };

/** The sockets of the Web SDK; null without `spec.webSdk`. A reload switches them neither on nor off. */
export function startWebSdk(parts: Parts, { deps, log }: WithDeps): WebSdk | null {
  const { config, drain, proxies } = parts;
  const first = config.bundle.config.webSdk;
  if (!first) return null;
  const settings = () => config.bundle.config.webSdk ?? first;
  const webSdk = createWebSdk({
    ...parts,
    clock,
    log: log.child({ component: 'websdk' }),
    openSession: (request) => openSession(deps, request),
    publish: (session, request) => publish(deps, session, request),
    play: (session, request) => play(deps, session, request),
    isPlayable: (appKey, name) => isPlayable(deps, appKey, name),
    limits: () => settings().limits,
    pings: () => ({ intervalMs: settings().pingIntervalMs, missed: settings().missedPings }),
    origins: () => config.bundle.config.rest.allowedOrigins,
    draining: () => drain.sendsAway,
    clientOf: (request) => ({
      address: proxies.current.clientAddress(request),
      isShared: proxies.current.isShared(request),
      origin: request.headers.origin ?? '',
    }),
  });
  drain.onSendAway((sendsAway) => webSdk.sockets.sendAway(sendsAway));
  return webSdk;
}

/** What WHIP and WHEP need. */
export function sessionApp(env: Env, parts: Parts, { deps, log }: WithDeps): SessionAppDeps {
  const { captures, config, drain, fleet, forwarding, proxies, registry, terminator } = parts;
  const placement = new Placement({
    registry,
    fleet,
    captures,
    drain,
    clock,
    limits: () => {
      const { limits, media } = config.bundle.config;
      return { cascadeAfter: media.cascade.after, playbacks: limits.playbacks };
    },
  });
  return {
    resources: new Resources(),
    terminator,
    clock,
    log: log.child({ component: 'http' }),
    config: () => config.bundle,
    podId: env.podId,
    iceServers: () => config.bundle.config.media.iceServers,
    originOf: ({ raw }) => ({
      address: proxies.current.clientAddress(raw),
      isShared: proxies.current.isShared(raw),
      prefix: proxies.current.forwardedPrefix(raw),
    }),
    fleetSessions: { forwarding, placement },
    whip: (request) => whip(deps, request),
    whep: (request) => whep(deps, request),
  };
}

type WithSessions = WithMedia & { readonly sessions: SessionAppDeps };

export function buildApp(parts: Parts, { log, media, sessions }: WithSessions): Promise<FastifyInstance> {
  return buildPublicApp({
    ...parts,
    ...sessions,
    fleet: parts.fleet.asking,
    pulls: new RestCaptureCalls({ programs: parts.captures, terminate: (filter) => endStreams(parts, log, filter) }),
    log: log.child({ component: 'http' }),
    version,
    workers: () => media.workers(),
    prometheus: () => parts.metrics.registry.metrics(),
  });
}

/** Ends streams on any pod, for a call of the REST API about captures. */
function endStreams({ fleet, metrics }: Parts, log: Log, filter: StreamFilter): Promise<FleetAnswer> {
  const order = { filter, scope: 'fleet', dryRun: false, denyForMs: 0 } as const;
  return terminate({ fleet: fleet.asking, log, metrics }, order, 'rest');
}

/** How sessions and their streams start and end. */
export function sessionDeps(parts: Parts, { log, media }: WithMedia): SessionDeps {
  const hookLog = log.child({ component: 'hooks' });
  const { config, drain, fleet, metrics, queues } = parts;
  const calls = { clock, log: hookLog, queues, ignored: new IgnoredConfig(hookLog), metrics };
  return {
    ...parts,
    media,
    clock,
    log: log.child({ component: 'sessions' }),
    newHooks: (app, streams) => new SessionCalls(app, streams, calls),
    limits: () => config.bundle.config.limits,
    draining: () => drain.refuses,
    joining: () => !fleet.isAdmitted,
    names: fleet.names,
    ids: fleet.ids,
    elsewhere: fleet.incoming,
  };
}
