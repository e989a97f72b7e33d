import type { StreamRegistry } from '../streams/registry.ts';
import type { Stream } from '../streams/stream.ts';
import type { OutgoingPipes } from './outgoing-pipes.ts';

/**
 * Whether anybody plays a publication of this pod, here or on another pod, or is about to. A player about which the
 * backend is still asked does not count: one that it refuses would keep a camera on by trying again.
 */
export function isPlayed(
  { outgoing, registry }: { readonly registry: StreamRegistry; readonly outgoing: Pick<OutgoingPipes, 'has'> },
  publication: Stream,
): boolean {
  if (outgoing.has(publication) || registry.playbacksOf(publication).size > 0) return true;
  const { appKey, name } = publication;
  return [...registry.byName(name)].some(
    (stream) => !stream.published && stream.appKey === appKey && stream.admission === 'admitted',
  );
}
