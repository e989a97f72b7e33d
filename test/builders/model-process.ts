import type { Wire } from '../../media-server/fleet/ask.ts';
import { Fleet } from '../../media-server/fleet/fleet.ts';
import { ownNames } from '../../media-server/fleet/own-names.ts';
import type { Media } from '../../media-server/media/media.ts';
import { DenyList } from '../../media-server/streams/deny.ts';
import { EndedLog } from '../../media-server/streams/ended-log.ts';
import { StreamRegistry } from '../../media-server/streams/registry.ts';
import { SessionRegistry } from '../../media-server/streams/session-registry.ts';
import type { Stream } from '../../media-server/streams/stream.ts';
import { Terminator } from '../../media-server/streams/terminate.ts';
import { createLogger } from '../../process/logger.ts';
import { ModelMedia } from './model-pipes.ts';
import type { ModelPod, Process } from './model-pods.ts';
import { NO_EVENTS } from './streams.ts';
import type { VirtualClock } from './virtual-clock.ts';

const SILENT = createLogger('silent');

type ProcessDeps = {
  readonly clock: VirtualClock;
  readonly wire: Wire;
  readonly ended: (stream: Stream) => void;
  /** Called when another publication of this name was earlier. */
  readonly lose: (name: string) => void;
};

/** Creates what a container runs, with the real parts of a fleet. */
export function newProcess(pod: ModelPod, { clock, ended, lose, wire }: ProcessDeps): Process {
  const registry = new StreamRegistry();
  const sessions = new SessionRegistry();
  const terminator = new Terminator({
    registry,
    sessions,
    clock,
    keepAlive: { remove: () => undefined },
    elsewhere: { end: (publication, order) => process.fleet.outgoing.end(publication, order) },
    closeFailed: () => undefined,
    ended: (stream) => {
      ended(stream);
      if (stream.published) process.fleet.names.changed('app', stream.name);
    },
    sessionEnded: () => undefined,
  });
  const deny = new DenyList({ clock, isProxy: () => false });
  const media = new ModelMedia();
  const fleet = new Fleet({
    media: () => media as ModelMedia & Media,
    registry,
    sessions,
    terminator,
    deny,
    ended: new EndedLog(),
    events: NO_EVENTS,
    nodeId: pod.name,
    podName: pod.name,
    uid: pod.uid,
    startedAt: clock.now(),
    save: (roster) => {
      pod.copy = roster;
    },
    wire,
    own: ownNames(registry),
    lose: (_appKey, name) => lose(name),
    clock,
    log: SILENT,
    metrics: { peerRequest: () => undefined, claimUnanswered: () => undefined, pipeFailed: () => undefined },
  });
  const process: Process = {
    ...{ fleet, registry, terminator, deny, media },
    channels: new Set(),
    startedAt: clock.now(),
    admittedAt: null,
    isRunning: true,
  };
  return process;
}
