import { Fleet, type FleetDeps, NO_WIRE } from '../../media-server/fleet/fleet.ts';
import { DenyList } from '../../media-server/streams/deny.ts';
import { EndedLog } from '../../media-server/streams/ended-log.ts';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { type fakeStreams, NO_EVENTS } from './streams.ts';

type Streams = Pick<ReturnType<typeof fakeStreams>, 'registry' | 'sessions' | 'terminator'>;

/** A pod that has no other members to ask, with these streams. */
export function fleetOfOne(streams: Streams, over: Partial<FleetDeps> = {}): Fleet {
  const { clock = systemClock } = over;
  const fleet = new Fleet({
    ...streams,
    deny: new DenyList({ clock, isProxy: () => false }),
    ended: new EndedLog(),
    events: NO_EVENTS,
    nodeId: 'pod-0@127.0.0.1',
    podName: 'pod-0',
    uid: 'pod-0',
    startedAt: 0,
    save: () => undefined,
    wire: NO_WIRE,
    media: () => {
      throw new Error('a fleet of one has no pipes');
    },
    own: { get: () => undefined, all: () => [] },
    lose: () => undefined,
    clock,
    log: createLogger('silent'),
    metrics: { peerRequest: () => undefined, claimUnanswered: () => undefined, pipeFailed: () => undefined },
    ...over,
  });
  fleet.startAlone();
  return fleet;
}
