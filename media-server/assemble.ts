import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { hashOf } from '../crds/render/hash.ts';
import type { ConfigBundle } from '../crds/schema/server-config.ts';
import { type Clock, systemClock } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';
import { openOps } from '../process/ops-listener.ts';
import { version } from '../process/version.ts';
import { AppTable } from './apps/app-table.ts';
import { warnOfConfig } from './config/warnings.ts';
import type { Env } from './env.ts';
import { Drain } from './fleet/drain.ts';
import { podStatus } from './fleet/status.ts';
import { hookFactory } from './hooks/hook-factory.ts';
import { IgnoredConfig } from './hooks/ignored-config.ts';
import { EventQueues } from './hooks/queue.ts';
import { SessionCalls } from './hooks/session-calls.ts';
import { certificateOf } from './http/certificate.ts';
import { TrustedProxies } from './http/client-address.ts';
import { Listeners } from './http/listeners.ts';
import { buildPublicApp } from './http/public-app.ts';
import { decidePolicy } from './keepalive/policy.ts';
import { KeepAlive } from './keepalive/schedule.ts';
import { startMedia } from './media/engine.ts';
import type { Media } from './media/media.ts';
import { Metrics } from './metrics.ts';
import { tellEnded } from './sessions/events.ts';
import { play } from './sessions/play.ts';
import { publish } from './sessions/publish.ts';
import type { SessionDeps } from './sessions/session.ts';
import { DenyList } from './streams/deny.ts';
import { EndedLog } from './streams/ended-log.ts';
import { StreamRegistry } from './streams/registry.ts';
import type { Stream } from './streams/stream.ts';
import { findObject, streamBody } from './streams/stream-object.ts';
import { Terminator } from './streams/terminate.ts';

export type MediaServerOptions = { readonly env: Env; readonly bundle: ConfigBundle; readonly log: Log };

const LOOPBACK = '127.0.0.1';

/** One media server with all its parts. Built by hand: who needs what is seen here. */
export class MediaServer {
  readonly metrics: Metrics;
  readonly drain: Drain;
  readonly #log: Log;
  readonly #clock: Clock = systemClock;
  readonly #registry = new StreamRegistry();
  readonly #queues = new EventQueues();
  readonly #apps: AppTable;
  readonly #keepAlive: KeepAlive<Stream>;
  readonly #terminator: Terminator;
  readonly #ended = new EndedLog();
  readonly #deny: DenyList;
  readonly #nodeId: string;
  #bundle: ConfigBundle;
  #proxies: TrustedProxies;
  #media: Media | null = null;
  #app: FastifyInstance | null = null;
  readonly #listenAddress: string;
  #listeners: Listeners | null = null;
  #ops: Server | null = null;

  /** Throws when a credential or CIDR of the config cannot be used. */
  private constructor({ bundle, env, log }: MediaServerOptions) {
    this.#bundle = bundle;
    this.#log = log;
    this.#listenAddress = env.listenAddress;
    this.#nodeId = `${env.podName}@${announcedAddress(bundle, env)}`;
    this.metrics = new Metrics((appKey) => this.#apps.get(appKey) !== undefined);
    this.#proxies = new TrustedProxies(bundle.config.rest.trustedProxies);
    this.#apps = new AppTable({
      hookFor: hookFactory({ clock: this.#clock, version }),
      inUse: (appKey) => this.#registry.byApp(appKey).size > 0,
    });
    this.#keepAlive = this.#createKeepAlive();
    this.#terminator = new Terminator({
      registry: this.#registry,
      clock: this.#clock,
      keepAlive: this.#keepAlive,
      ended: (stream, durationMs) => this.#streamEnded(stream, durationMs),
    });
    this.#deny = new DenyList({ clock: this.#clock, isProxy: (address) => this.#proxies.trusts(address) });
    this.drain = new Drain({
      registry: this.#registry,
      terminator: this.#terminator,
      flushEvents: (timeoutMs) => this.#queues.flush(this.#clock, timeoutMs),
      clock: this.#clock,
      log,
    });
  }

  /** Starts everything but the public listeners. What has started is stopped again when something cannot. */
  static async start(options: MediaServerOptions): Promise<MediaServer> {
    const server = new MediaServer(options);
    try {
      await server.#open(options.env);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Opens the public listeners: from now on it is ready. Throws with the port that is taken. */
  async listen(): Promise<void> {
    if (!this.#app) return;
    const { https, httpPort } = this.#bundle.config.rest;
    const certificate = certificateOf(this.#bundle);
    const listeners = await Listeners.open(this.#app, {
      host: this.#listenAddress,
      httpPort,
      https: https && certificate ? { port: https.port, certificate } : null,
    });
    this.#listeners = listeners;
    // A config may have come meanwhile.
    const current = certificateOf(this.#bundle);
    if (current) listeners.setCertificate(current);
  }

  get config(): ConfigBundle {
    return this.#bundle;
  }

  /** What the operator wants to know, without what concerns the config. */
  status(): ReturnType<typeof podStatus> {
    return podStatus({
      config: this.#bundle.config,
      draining: this.drain.draining,
      registry: this.#registry,
      apps: this.#apps,
      keepAlive: this.#keepAlive,
    });
  }

  /** Takes over a checked config without touching a live stream. Throws, with the old one still running. */
  apply(bundle: ConfigBundle): void {
    // Whatever can be wrong is found before anything is changed.
    const proxies = new TrustedProxies(bundle.config.rest.trustedProxies);
    const certificate = certificateOf(bundle);
    this.#apps.apply(bundle);
    const before = this.#listeners ? this.#bundle.config : null;
    if (certificate) this.#listeners?.setCertificate(certificate);
    this.#proxies = proxies;
    this.#bundle = bundle;
    this.#keepAlive.refresh();
    this.metrics.configApplied(hashOf(bundle));
    warnOfConfig(this.#log, { before, config: bundle.config, apps: this.#apps.all() });
  }

  /** Stops at once: streams that still run end with `drain`. */
  async close(): Promise<void> {
    await this.#terminator.endAll(this.#registry.all(), 'drain');
    await this.#listeners?.close();
    await this.#app?.close();
    this.#keepAlive.close();
    await this.#media?.close();
    this.#apps.close();
    this.#ops?.close();
    this.#ops?.closeAllConnections();
  }

  async #open(env: Env): Promise<void> {
    const { config } = this.#bundle;
    this.#ops = await openOps({
      host: env.listenAddress,
      port: env.opsPort,
      contentType: this.metrics.registry.contentType,
      metrics: () => this.metrics.registry.metrics(),
      notReady: () => this.#notReady(),
    });
    const media = await startMedia(
      {
        workerBin: env.workerBin,
        workers: config.workers,
        listenAddress: env.listenAddress,
        announcedAddress: announcedAddress(this.#bundle, env),
        port: config.media.port,
        codecs: config.media.codecs,
      },
      {
        clock: this.#clock,
        log: this.#log,
        onWorkerDeath: () => this.metrics.workerDied(),
        onRtpBytes: (direction, bytes) => this.metrics.rtpBytes(direction, bytes),
      },
    );
    this.#media = media;
    this.metrics.observe({
      streams: () => this.#registry.all(),
      keepAlive: () => this.#keepAlive.stats(),
      workers: () => media.workers(),
      draining: () => this.drain.draining,
    });
    this.apply(this.#bundle);
    this.#app = await this.#buildApp(env, media);
  }

  #buildApp(env: Env, media: Media): Promise<FastifyInstance> {
    const sessions = this.#sessionDeps(media);
    return buildPublicApp({
      registry: this.#registry,
      terminator: this.#terminator,
      deny: this.#deny,
      ended: this.#ended,
      apps: this.#apps,
      keepAlive: this.#keepAlive,
      metrics: this.metrics,
      clock: this.#clock,
      log: this.#log.child({ component: 'http' }),
      config: () => this.#bundle,
      nodeId: this.#nodeId,
      podName: env.podName,
      podId: env.podId,
      version,
      iceServers: () => this.#bundle.config.media.iceServers,
      clientOf: ({ raw }) => ({ address: this.#proxies.clientAddress(raw), isShared: this.#proxies.isShared(raw) }),
      prefixOf: ({ raw }) => this.#proxies.forwardedPrefix(raw),
      prometheus: () => this.metrics.registry.metrics(),
      publish: (request) => publish(sessions, request),
      play: (request) => play(sessions, request),
    });
  }

  #sessionDeps(media: Media): SessionDeps {
    const log = this.#log.child({ component: 'sessions' });
    const hookLog = this.#log.child({ component: 'hooks' });
    const calls = {
      clock: this.#clock,
      log: hookLog,
      queues: this.#queues,
      ignored: new IgnoredConfig(hookLog),
      metrics: this.metrics,
    };
    return {
      registry: this.#registry,
      terminator: this.#terminator,
      media,
      apps: this.#apps,
      keepAlive: this.#keepAlive,
      deny: this.#deny,
      newHooks: (app) => new SessionCalls(app, calls),
      nodeId: this.#nodeId,
      clock: this.#clock,
      log,
      metrics: this.metrics,
      limits: () => this.#bundle.config.limits,
      draining: () => this.drain.draining,
    };
  }

  #createKeepAlive(): KeepAlive<Stream> {
    const log = this.#log.child({ component: 'keepalive' });
    return new KeepAlive<Stream>({
      clock: this.#clock,
      log,
      policyOf: (stream) => decidePolicy(this.#bundle.config.keepAlive, stream.app, stream.hooks),
      ask: (stream, options) => stream.hooks.keepAlive(streamBody(stream, this.#nodeId), options),
      end: (stream, cause, orderedAt) => {
        this.#terminator.end(stream, cause, { orderedAt }).catch((error: unknown) => {
          log.error({ err: error, streamId: stream.id }, 'a stream failed to end');
        });
      },
      onResult: (stream, result) => this.metrics.keepAliveCheck(stream.appKey, result),
    });
  }

  #streamEnded(stream: Stream, durationMs: number): void {
    const { appKey, cause, direction, endedAt, id, name } = stream;
    if (cause === null) return;
    tellEnded(stream, this.#nodeId);
    this.#ended.add({ ...findObject(stream, this.#nodeId), cause, endedAt });
    this.metrics.streamEnded(appKey, direction, cause, durationMs / 1000);
    this.#log.info({ streamId: id, appKey, name, direction, cause }, 'stream ended');
  }

  #notReady(): string | null {
    if (this.drain.draining) return 'draining';
    return this.#listeners ? null : 'starting';
  }
}

function announcedAddress({ config }: ConfigBundle, env: Env): string {
  const { announcedAddress: configured } = config.media;
  if (configured !== undefined) return configured;
  // Without a pod or a configured address only clients on this machine can be meant.
  return env.podAddress ?? (env.listenAddress === '0.0.0.0' ? LOOPBACK : env.listenAddress);
}
