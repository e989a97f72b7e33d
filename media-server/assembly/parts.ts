import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { ANY, ANY_IPV4, urlHost } from '../../process/addresses.ts';
import { systemClock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { version } from '../../process/version.ts';
import { AppTable } from '../apps/app-table.ts';
import { CurrentConfig } from '../config/current-config.ts';
import type { Env } from '../env.ts';
import { CapturePrograms } from '../fleet/capture-programs.ts';
import { Drain, ROUTED_MS } from '../fleet/drain.ts';
import { Fleet, NO_WIRE } from '../fleet/fleet.ts';
import { Forwarding } from '../fleet/forward.ts';
import { ownNames } from '../fleet/own-names.ts';
import { PeerWire } from '../fleet/peer-wire.ts';
import { RosterFiles } from '../fleet/roster-file.ts';
import { hookFactory } from '../hooks/hook.ts';
import { EventQueues } from '../hooks/queue.ts';
import { TrustedProxies } from '../http/client-address.ts';
import { decidePolicy } from '../keepalive/policy.ts';
import { KeepAlive } from '../keepalive/schedule.ts';
import { type Media, MediaUnavailable } from '../media/media.ts';
import { Metrics } from '../metrics.ts';
import { tellDisconnected, tellEnded } from '../sessions/events.ts';
import { CaptureHolds } from '../streams/capture-holds.ts';
import { isHeld } from '../streams/capture-origin.ts';
import { DenyList } from '../streams/deny.ts';
import { EndedLog } from '../streams/ended-log.ts';
import { StreamRegistry } from '../streams/registry.ts';
import { SessionRegistry } from '../streams/session-registry.ts';
import type { Stream } from '../streams/stream.ts';
import { StreamEvents } from '../streams/stream-events.ts';
import { findObject, streamBody } from '../streams/stream-object.ts';
import { Terminator } from '../streams/terminate.ts';

const clock = systemClock;

/** Announced by a server that listens on all addresses and has no configured one. */
const LOOPBACK: Readonly<Record<string, readonly string[]>> = {
  [ANY]: ['127.0.0.1', '::1'],
  [ANY_IPV4]: ['127.0.0.1'],
};

/** What needs no port and no process. */
export type Parts = ReturnType<typeof createParts>;

/** Creates the parts that need no port and no process. */
export function createParts(env: Env, bundle: ConfigBundle, log: Log) {
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

/** The addresses of media that clients are told. */
export function announcedAddresses({ config }: ConfigBundle, env: Env): readonly string[] {
  const { announcedAddress: configured } = config.media;
  if (configured !== undefined) return [configured];
  if (env.podAddresses.length > 0) return env.podAddresses;
  // Without a pod or a configured address, only clients on this machine can connect.
  return LOOPBACK[env.listenAddress] ?? [env.listenAddress];
}
