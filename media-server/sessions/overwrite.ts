import type { Overwrite } from '../hooks/session-hooks.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Stream } from '../streams/stream.ts';

/** Takes over what the backend's reply said, already checked for types by the hook client. */
export function overwriteStream(registry: StreamRegistry, stream: Stream, overwrite: Overwrite): void {
  if (overwrite.name !== undefined) registry.rename(stream, overwrite.name);
  if (overwrite.custom !== undefined) stream.custom = overwrite.custom;
  if (overwrite.maxBitrate !== undefined) stream.maxBitrate = stricter(overwrite.maxBitrate, stream.maxBitrate);
  if (overwrite.hasAudio !== undefined) stream.hasAudio = overwrite.hasAudio;
  if (overwrite.hasVideo !== undefined) stream.hasVideo = overwrite.hasVideo;
}

/** The app's limit cannot be lifted by a backend's reply; 0 = no limit. */
function stricter(wanted: number, limit: number): number {
  if (limit === 0) return wanted;
  return wanted === 0 ? limit : Math.min(wanted, limit);
}
