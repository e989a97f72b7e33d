import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { hashOf } from '../crds/render/hash.ts';
import { OPS_PORT } from '../crds/schema/media-server.ts';
import type { ConfigBundle } from '../crds/schema/server-config.ts';
import { ANY, ANY_IPV4, urlHost } from '../process/addresses.ts';
import { systemClock } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';
import { openOps } from '../process/ops-listener.ts';
import { version } from '../process/version.ts';
import { AppTable } from './apps/app-table.ts';
import { CurrentConfig } from './config/current-config.ts';
import { type Loaded, loadConfig, watchedFolder } from './config/load.ts';
import { Reloader } from './config/reload.ts';
import { warnOfConfig } from './config/warnings.ts';
import { FolderWatch } from './config/watch.ts';
import type { Env } from './env.ts';
import { awaitAnnounced } from './fleet/announced-address.ts';
import { CapturePrograms } from './fleet/capture-programs.ts';
import { Drain, ROUTED_MS } from './fleet/drain.ts';
import { Fleet, NO_WIRE } from './fleet/fleet.ts';
import { Forwarding } from './fleet/forward.ts';
import { openInternal } from './fleet/internal-listener.ts';
import { ownNames } from './fleet/own-names.ts';
import { PeerWire } from './fleet/peer-wire.ts';
import { Placement } from './fleet/placement.ts';
import { Pulls } from './fleet/pulls.ts';
import { RosterFiles } from './fleet/roster-file.ts';
import { podStatus } from './fleet/status.ts';
import { terminate } from './fleet/terminate.ts';
import { Terminations } from './fleet/terminations.ts';
import { isPlayed } from './fleet/viewers.ts';
import { hookFactory } from './hooks/hook.ts';
import { IgnoredConfig } from './hooks/ignored-config.ts';
import { EventQueues } from './hooks/queue.ts';
import { SessionCalls } from './hooks/session-calls.ts';
import { buildCaptureApp } from './http/captures/capture-app.ts';
import { TrustedProxies } from './http/client-address.ts';
import { buildForwardedApp, buildPublicApp, type SessionAppDeps } from './http/public-app.ts';
import { Resources } from './http/sessions/resources.ts';
import { decidePolicy } from './keepalive/policy.ts';
import { KeepAlive } from './keepalive/schedule.ts';
import { openListeners } from './listening.ts';
import { startMedia } from './media/engine.ts';
import { type Media, MediaUnavailable } from './media/media.ts';
import { Metrics } from './metrics.ts';
import { tellDisconnected, tellEnded } from './sessions/events.ts';
import { openSession } from './sessions/open-session.ts';
import { isPlayable, play } from './sessions/play.ts';
import { publish } from './sessions/publish.ts';
import type { SessionDeps } from './sessions/requests.ts';
import { capture, whep, whip } from './sessions/single.ts';
import { makeCaptureFolder, startCapturePrograms } from './standalone-captures.ts';
import { CaptureHolds } from './streams/capture-holds.ts';
import { isHeld } from './streams/capture-origin.ts';
import { DenyList } from './streams/deny.ts';
import { EndedLog } from './streams/ended-log.ts';
import { StreamRegistry } from './streams/registry.ts';
import { SessionRegistry } from './streams/session-registry.ts';
import type { Stream } from './streams/stream.ts';
import { StreamEvents } from './streams/stream-events.ts';
import { findObject, streamBody } from './streams/stream-object.ts';
import { Terminator } from './streams/terminate.ts';
import { createWebSdk, type WebSdk } from './websdk/web-sdk.ts';

/** Stops what was started, in reverse order. */
export type Undo = Pick<AsyncDisposableStack, 'defer'>;

/** A running media server. */
export type MediaServer = { readonly drain: Drain; readonly config: CurrentConfig };

const clock = systemClock;
/** Announced by a server that listens on all addresses and has no configured one. */
const LOOPBACK: Readonly<Record<string, readonly string[]>> = {
  [ANY]: ['127.0.0.1', '::1'],
  [ANY_IPV4]: ['127.0.0.1'],
};

/**
 * Starts a media server in stages; each start pushes its undo. All dependencies are wired here.
 * Throws a `UserFault` for a config or a port that cannot be used.
 */
export async function assemble(told: Env, log: Log, undo: Undo): Promise<MediaServer> {
  const podAddresses = told.announced ? await awaitAnnounced(told.announced, clock, log) : told.podAddresses;
  const env = { ...told, podAddresses };
  const first = await loadConfig(env);
  for (const finding of first.findings) log.warn({ finding }, 'a resource is left out');

  const parts = createParts(env, first.bundle, log);
  const { apps, config, drain, fleet, keepAlive, metrics, proxies, terminator } = parts;
  const opsPort = env.opsPort ?? first.opsPort ?? OPS_PORT;
  const readiness = { isListening: false };
  const ops = await openOps({
    log,
    host: env.listenAddress,
    port: opsPort,
    setting: env.opsPort === null ? 'spec.ops.port' : '--ops-port',
    contentType: metrics.registry.contentType,
    metrics: () => metrics.registry.metrics(),
    checks: () => [
      { name: 'drain', fault: drain.draining ? 'draining' : null },
      { name: 'cordon', fault: drain.cordoned ? 'the pod is to be removed' : null },
      { name: 'listeners', fault: readiness.isListening ? null : 'starting' },
      { name: 'fleet', fault: fleet.notAdmitted() },
    ],
  });
  undo.defer(() => {
    ops.close();
    ops.closeAllConnections();
  });
  undo.defer(() => apps.close());
  const media = await startWorkers(env, parts, log);
  parts.workers.media = media;
  undo.defer(() => media.close());
  undo.defer(() => keepAlive.close());

  config.join(proxies.part);
  config.join((bundle) => apps.prepare(bundle));
  config.join(() => () => keepAlive.refresh());
  config.join((bundle) => () => metrics.configApplied(hashOf(bundle)));
  config.join((bundle, before) => () => {
    warnOfConfig(log, { before: before?.config ?? null, config: bundle.config, apps: apps.all() });
  });

  const deps = sessionDeps(parts, { media, log });
  const sessions = sessionApp(env, parts, { deps, log });
  const app = await buildApp(parts, { sessions, media, log });
  undo.defer(() => app.close());
  const reloader = createReloader(env, parts, { first, log });
  const { files } = parts;
  const stage = { deps, sessions, reloader, log, undo };
  if (env.fleetKeyFile !== null) await startInternal({ ...env, fleetKeyFile: env.fleetKeyFile }, parts, stage);
  else if (first.captureDir !== undefined) await startCaptures(env, first.captureDir, parts, stage);
  if (files) fleet.start(files.read());
  else fleet.startAlone();
  undo.defer(() => parts.closeFleet());
  const webSdk = startWebSdk(parts, { deps, log });
  await openListeners(app, { host: env.listenAddress, config, webSdk, undo });
  undo.defer(() => webSdk?.sockets.close());
  undo.defer(() => terminator.endEverything('drain'));
  watchFolder(watchedFolder(env.source), () => reloader.trigger(), { log, undo });
  if (env.roster && files) {
    const takeOver = (): void => {
      const roster = files.read();
      if (roster) fleet.membership.offer(roster);
    };
    watchFolder(dirname(env.roster.file), takeOver, { log, undo });
  }
  // The config may have been edited since it was read.
  reloader.trigger();
  readiness.isListening = true;
  log.info({ ...portsOf(config.bundle), ops: opsPort }, 'the media server is ready');
  return { drain, config };
}

type InternalStage = {
  readonly deps: SessionDeps;
  readonly sessions: SessionAppDeps;
  readonly reloader: Reloader;
  readonly log: Log;
  readonly undo: Undo;
};

/** The listener for the operator, other pods and capture programs. */
async function startInternal(
  env: Env & { readonly fleetKeyFile: string },
  parts: Parts,
  { deps, log, reloader, sessions, undo }: InternalStage,
): Promise<void> {
  const { config, drain, files, fleet } = parts;
  const forwarded = await buildForwardedApp(sessions);
  const captures = await buildCaptureApp({
    ...sessions,
    drain,
    capture: (request) => capture(deps, request),
    isPlayed: (publication) => isPlayed({ registry: deps.registry, outgoing: fleet.outgoing }, publication),
  });
  for (const each of [forwarded, captures]) {
    await each.ready();
    undo.defer(() => each.close());
  }
  const internal = await openInternal({
    host: env.listenAddress,
    port: env.internalPort,
    keyFile: env.fleetKeyFile,
    status: () => ({
      pod: env.podName,
      config: reloader.state,
      cordoned: drain.cordoned,
      ...(files ? { fleet: fleet.status() } : {}),
      ...podStatus({ ...parts, config: config.bundle.config, draining: drain.draining }),
    }),
    offer: (loaded) => reloader.offer(loaded),
    fleet,
    cordon: (cordoned) => {
      drain.cordoned = cordoned;
      log.info({ cordoned }, cordoned ? 'this pod takes no new streams' : 'this pod takes new streams again');
    },
    terminations: new Terminations({ ...parts, fleet: fleet.asking, orders: fleet.orders, clock, log }),
    sessions: (request, response) => forwarded.routing(request, response),
    captures: (request, response) => captures.routing(request, response),
    calls: parts.captures,
    pipes: fleet.outgoing,
    log: log.child({ component: 'internal' }),
  });
  undo.defer(() => internal.close());
}

/** Captures without Kubernetes: the listener is for the program beside this one only. */
async function startCaptures(env: Env, dir: string, parts: Parts, stage: InternalStage): Promise<void> {
  const { log, undo } = stage;
  const { internalPort, logLevel, name, sourcesBin } = env;
  const folder = await makeCaptureFolder(undo);
  await startInternal({ ...env, listenAddress: '127.0.0.1', fleetKeyFile: folder.fleetKeyFile }, parts, stage);
  startCapturePrograms({ dir, name, internalPort, logLevel, sourcesBin, folder, clock, log }, undo);
}

function watchFolder(folder: string, onChange: () => void, { log, undo }: { log: Log; undo: Undo }): void {
  const watch = new FolderWatch(folder, { clock, log, onChange });
  undo.defer(() => watch.close());
}

type Parts = ReturnType<typeof createParts>;

/** Creates the parts that need no port and no process. */
function createParts(env: Env, bundle: ConfigBundle, log: Log) {
  const [announced = ''] = announcedAddresses(bundle, env);
  const nodeId = `${env.podName}@${urlHost(announced)}`;
  const config = new CurrentConfig(bundle);
  const registry = new StreamRegistry();
  const sessions = new SessionRegistry();
  const queues = new EventQueues();
  const ended = new EndedLog();
  const proxies = trustedProxies();
  const apps = new AppTable({
    hookFor: hookFactory({ clock, version }),
    inUse: (appKey) => sessions.uses(appKey),
  });
  const metrics = new Metrics((appKey) => apps.get(appKey) !== undefined);
  const keepAlive = new KeepAlive<Stream>({
    clock,
    log: log.child({ component: 'keepalive' }),
    policyOf: (stream) => decidePolicy(config.bundle.config.keepAlive, stream.app, stream.hooks),
    ask: (stream, options) => stream.hooks.keepAlive(streamBody(stream, nodeId), options),
    end: (stream, cause, orderedAt) => {
      // The terminator has reported the failure.
      terminator.end(stream, cause, { orderedAt }).catch(() => undefined);
    },
    onResult: (stream, result) => metrics.keepAliveCheck(stream.appKey, result),
  });
  const terminator = new Terminator({
    registry,
    sessions,
    clock,
    keepAlive,
    elsewhere: { end: (publication, order) => fleet.outgoing.end(publication, order) },
    closeFailed: ({ id }, error) => log.error({ err: error, streamId: id }, 'a stream could not be closed'),
    ended: (stream, durationMs) => {
      const { appKey, cause, direction, endedAt, id, name } = stream;
      if (cause === null) return;
      tellEnded(stream, nodeId);
      if (stream.published) fleet.names.changed(appKey, name);
      ended.add({ ...findObject(stream, nodeId), cause, endedAt, held: isHeld(stream.session) });
      metrics.streamEnded(appKey, direction, cause, durationMs / 1000);
      log.info({ streamId: id, appKey, name, direction, cause }, 'stream ended');
    },
    sessionEnded: (session) => tellDisconnected(session, nodeId),
  });
  const events = new StreamEvents({
    registry,
    elsewhere: { relay: (publication, event) => fleet.outgoing.relay(publication, event) },
    clock,
  });
  const drain = new Drain({
    registry,
    terminator,
    flushEvents: (timeoutMs) => queues.flush(clock, timeoutMs),
    namesTold: () => fleet.names.told(),
    // Only a pod has a fleet key; a process that is run by hand has none.
    routedMs: env.fleetKeyFile === null ? 0 : ROUTED_MS,
    clock,
    log,
  });
  const deny = new DenyList({ clock, isProxy: (address) => proxies.current.trusts(address) });
  const wire = env.roster && env.fleetKeyFile !== null ? new PeerWire(env.fleetKeyFile) : null;
  const files = env.roster && new RosterFiles(env.roster.file, env.roster.uid, log);
  // Started once the config is known to be good.
  const workers: { media: Media | null } = { media: null };
  const fleet = new Fleet({
    media: () => {
      if (!workers.media) throw new MediaUnavailable('the media workers are being started');
      return workers.media;
    },
    registry,
    sessions,
    terminator,
    deny,
    ended,
    events,
    nodeId,
    clock,
    metrics,
    podName: env.podName,
    uid: env.roster?.uid ?? env.podName,
    startedAt: clock.now(),
    save: (roster) => files?.save(roster),
    wire: wire ?? NO_WIRE,
    own: ownNames(registry),
    lose: (appKey, name) => {
      const publication = registry.publication(appKey, name);
      // A capture leaves a pod that drains.
      const cause = drain.refuses && publication?.session.capture ? 'drain' : 'name_conflict';
      // The terminator has reported a failure.
      if (publication) terminator.end(publication, cause).catch(() => undefined);
    },
    log: log.child({ component: 'fleet' }),
  });
  const holds = new CaptureHolds({
    clock,
    deny,
    // A pod that does not answer would start the capture again only if its program moved there within a minute.
    tell: (denial) => void fleet.asking.all('deny', { denials: [denial] }).catch(() => undefined),
  });
  const forwarding = new Forwarding(fleet.membership, env.fleetKeyFile ?? '');
  const captures = new CapturePrograms({
    isLive: (appKey, name) =>
      registry.publication(appKey, name)?.live === true || fleet.names.holderOf(appKey, name) !== null,
    names: fleet.names,
    clock,
    log: log.child({ component: 'captures' }),
  });
  const closeFleet = async (): Promise<void> => {
    captures.close();
    fleet.close();
    await Promise.all([wire?.close(), forwarding.close()]);
  };
  return {
    ...{ nodeId, config, registry, sessions, queues, ended, proxies, apps, metrics, keepAlive, terminator },
    ...{ drain, deny, events, holds, fleet, files, forwarding, captures, closeFleet, workers },
  };
}

/** The trusted proxies of the running config. */
function trustedProxies() {
  const held = {
    current: new TrustedProxies([]),
    part: ({ config }: ConfigBundle) => {
      const next = new TrustedProxies(config.rest.trustedProxies);
      return () => {
        held.current = next;
      };
    },
  };
  return held;
}

async function startWorkers(
  env: Env,
  { config, drain, fleet, keepAlive, metrics, registry, sessions }: Parts,
  log: Log,
): Promise<Media> {
  const { media: mediaConfig, workers } = config.bundle.config;
  const media = await startMedia(
    {
      workerBin: env.workerBin,
      workers,
      listenAddress: env.listenAddress,
      announcedAddresses: announcedAddresses(config.bundle, env),
      port: mediaConfig.port,
      pipePorts: mediaConfig.pipePorts,
      codecs: mediaConfig.codecs,
      udpGso: mediaConfig.udpGso && env.udpGso,
    },
    {
      clock,
      log,
      onWorkerDeath: () => metrics.workerDied(),
      onWorkerError: (part) => metrics.workerError(part),
      onRtpBytes: (direction, bytes) => metrics.rtpBytes(direction, bytes),
    },
  );
  metrics.observe({
    streams: () => registry.all(),
    sessions: () => sessions.all(),
    keepAlive: () => keepAlive.stats(),
    workers: () => media.workers(),
    draining: () => drain.draining,
    receiveDrops: () => media.receiveDrops(),
    pipes: () => ({ incoming: fleet.incoming.count, outgoing: fleet.outgoing.count }),
  });
  return media;
}

type WithMedia = { readonly media: Media; readonly log: Log };

type WithDeps = { readonly deps: SessionDeps; readonly log: Log };

/** The sockets of the Web SDK; null without `spec.webSdk`. A reload switches them neither on nor off. */
function startWebSdk(parts: Parts, { deps, log }: WithDeps): WebSdk | null {
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
function sessionApp(env: Env, parts: Parts, { deps, log }: WithDeps): SessionAppDeps {
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

function buildApp(parts: Parts, { log, media, sessions }: WithSessions): Promise<FastifyInstance> {
  return buildPublicApp({
    ...parts,
    ...sessions,
    fleet: parts.fleet.asking,
    pulls: new Pulls({ programs: parts.captures, terminate: (appKey, name) => endCapture(parts, log, appKey, name) }),
    log: log.child({ component: 'http' }),
    version,
    workers: () => media.workers(),
    prometheus: () => parts.metrics.registry.metrics(),
  });
}

/** Ends the publication of a capture on any pod; false = it is not live. */
async function endCapture({ fleet, metrics }: Parts, log: Log, appKey: string, name: string): Promise<boolean> {
  const order = { filter: { appKey, name, published: true }, scope: 'fleet', dryRun: false, denyForMs: 0 } as const;
  return (await terminate({ fleet: fleet.asking, log, metrics }, order, 'rest')).terminated > 0;
}

function sessionDeps(parts: Parts, { log, media }: WithMedia): SessionDeps {
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

function createReloader(env: Env, { config, metrics }: Parts, { first, log }: { first: Loaded; log: Log }): Reloader {
  return new Reloader({
    log: log.child({ component: 'config' }),
    load: () => loadConfig(env),
    first,
    current: () => config.bundle,
    apply: (bundle) => config.apply(bundle),
    refused: () => metrics.configRefused(),
    unchanged: () => metrics.configApplied(hashOf(config.bundle)),
  });
}

function portsOf({ config: { media, rest, webSdk } }: ConfigBundle): Readonly<Record<string, number>> {
  return { http: rest.httpPort, ...(webSdk ? { webSdk: webSdk.httpPort } : {}), media: media.port };
}

function announcedAddresses({ config }: ConfigBundle, env: Env): readonly string[] {
  const { announcedAddress: configured } = config.media;
  if (configured !== undefined) return [configured];
  if (env.podAddresses.length > 0) return env.podAddresses;
  // Without a pod or a configured address, only clients on this machine can connect.
  return LOOPBACK[env.listenAddress] ?? [env.listenAddress];
}
