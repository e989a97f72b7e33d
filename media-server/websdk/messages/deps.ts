import type { Clock } from '../../../process/clock.ts';
import type { Log } from '../../../process/logger.ts';
import type { StreamOutcome, StreamRequest } from '../../sessions/requests.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { Session } from '../../streams/session.ts';
import type { StreamEvents } from '../../streams/stream-events.ts';
import type { Terminator } from '../../streams/terminate.ts';

type Start = (session: Session, request: StreamRequest) => Promise<StreamOutcome>;

/** What the messages of an established session need. */
export type MessageDeps = {
  readonly publish: Start;
  readonly play: Start;
  readonly registry: Pick<StreamRegistry, 'get'>;
  readonly terminator: Pick<Terminator, 'end'>;
  /** Whether a stream is live on any pod, or is captured when somebody plays it. */
  readonly isPlayable: (appKey: string, name: string) => boolean;
  readonly events: Pick<StreamEvents, 'follow' | 'mutedIn' | 'relay'>;
  /** 0 = no limit */
  readonly limits: () => { readonly streamsPerConnection: number };
  readonly clock: Clock;
  readonly log: Log;
};
