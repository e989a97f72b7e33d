import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { CachedReads } from '../kube/cached-reads.ts';
import type { Caller } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Fleets } from '../pods/fleets.ts';
import type { Ownership } from './ownership.ts';
import type { Stores } from './stores.ts';

/** The dependencies of every reconciler. */
export type World = {
  readonly client: Caller;
  readonly stores: Stores;
  readonly reads: CachedReads;
  readonly fleets: Fleets;
  readonly events: EventRecorder;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly log: Log;
};
