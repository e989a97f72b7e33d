import type { LegRequest } from '../media/media.ts';
import type { Stream } from '../streams/stream.ts';

/** What a stream asks of media, after admission has had its say. */
export function legRequest({ app, hasAudio, hasVideo, id, maxBitrate, offer }: Stream): LegRequest {
  return { id, offer, codecs: app.config.codecs, maxBitrate, hasAudio, hasVideo };
}
