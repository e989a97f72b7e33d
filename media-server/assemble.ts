import { dirname } from 'node:path';
import { hashOf } from '../crds/render/hash.ts';
import { OPS_PORT } from '../crds/schema/media-server.ts';
import type { ConfigBundle } from '../crds/schema/server-config.ts';
import { systemClock } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';
import { openOps } from '../process/ops-listener.ts';
import { buildApp, sessionApp, sessionDeps, startWebSdk } from './assembly/interfaces.ts';
import { createParts, type Parts } from './assembly/parts.ts';
import { startWorkers } from './assembly/workers.ts';
import type { CurrentConfig } from './config/current-config.ts';
import { type Loaded, loadConfig, watchedFolder } from './config/load.ts';
import { Reloader } from './config/reload.ts';
import { warnOfConfig } from './config/warnings.ts';
import { FolderWatch } from './config/watch.ts';
import type { Env } from './env.ts';
import { awaitAnnounced } from './fleet/announced-address.ts';
import type { Drain } from './fleet/drain.ts';
import { openInternal } from './fleet/internal-listener.ts';
import { podStatus } from './fleet/status.ts';
import { Terminations } from './fleet/terminations.ts';
import { isPlayed } from './fleet/viewers.ts';
import { buildCaptureApp } from './http/captures/capture-app.ts';
import { buildForwardedApp, type SessionAppDeps } from './http/public-app.ts';
import { openListeners } from './listening.ts';
import type { SessionDeps } from './sessions/requests.ts';
import { capture } from './sessions/single.ts';
import { makeCaptureFolder, startCapturePrograms } from './standalone-captures.ts';

/** Stops what was started, in reverse order. */
export type Undo = Pick<AsyncDisposableStack, 'defer'>;

/** A running media server. */
export type MediaServer = { readonly drain: Drain; readonly config: CurrentConfig };

const clock = systemClock;

/**
 * Starts a media server in stages; each start pushes its undo.
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
  const captureApp = await buildCaptureApp({
    ...sessions,
    drain,
    capture: (request) => capture(deps, request),
    isPlayed: (publication) => isPlayed({ registry: deps.registry, outgoing: fleet.outgoing }, publication),
  });
  for (const each of [forwarded, captureApp]) {
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
    captures: (request, response) => captureApp.routing(request, response),
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
