import type { Producer } from 'mediasoup/types';
import type { PlayableTrack } from '../sdp/track-match.ts';
import { negotiableParameters } from './codecs.ts';
import type { Layer } from './media.ts';
import type { Pipes } from './pipes.ts';
import type { Seat } from './workers.ts';

/** What playbacks consume: tracks on the main router of a worker. */
export type Source = {
  readonly seat: Seat;
  /** Pipes to the routers of playbacks. */
  readonly pipes: Pipes;
  /** The tracks that a player can receive. */
  playable(): readonly PlayableTrack[];
  layers(): readonly Layer[];
};

export function playableTracks(producers: Iterable<Producer>): PlayableTrack[] {
  return [...producers].map(({ consumableRtpParameters, id, kind }) => ({
    id,
    kind,
    rtpParameters: negotiableParameters(consumableRtpParameters),
  }));
}
