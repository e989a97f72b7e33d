import type { Overwrite } from '../hooks/session-hooks.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Stream } from '../streams/stream.ts';

/** Applies the backend's reply. The hook client has already checked its types. */
export function overwriteStream(registry: StreamRegistry, stream: Stream, overwrite: Overwrite): void {
  if (overwrite.name !== undefined) registry.rename(stream, overwrite.name);
  if (overwrite.custom !== undefined) stream.custom = overwrite.custom;
  if (overwrite.maxBitrate !== undefined) stream.maxBitrate = stricter(overwrite.maxBitrate, stream.maxBitrate);
  if (overwrite.hasAudio !== undefined) stream.hasAudio = overwrite.hasAudio;
  if (overwrite.hasVideo !== undefined) stream.hasVideo = overwrite.hasVideo;
}

/** A backend's reply cannot raise the app's limit; 0 = no limit. */
function stricter(wanted: number, limit: number): number {
  if (limit === 0) return wanted;
  return wanted === 0 ? limit : Math.min(wanted, limit);
}
