import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import type { StreamRegistry } from './registry.ts';
import type { Stream } from './stream.ts';

/** The streams of this pod that match, as a copy, so that streams may end during iteration. */
export function matchStreams(registry: StreamRegistry, filter: StreamFilter): Stream[] {
  return [...candidates(registry, filter)].filter((stream) => matches(stream, filter));
}

/** The smallest set that an index provides. */
function candidates(registry: StreamRegistry, filter: StreamFilter): Iterable<Stream> {
  if (filter.mediaSessionIds) return new Set(filter.mediaSessionIds.flatMap((id) => registry.get(id) ?? []));
  if (filter.mediaSessionId !== undefined) return [registry.get(filter.mediaSessionId) ?? []].flat();
  if (filter.sessionId !== undefined) return registry.bySession(filter.sessionId);
  if (filter.name !== undefined) return registry.byName(filter.name);
  if (filter.appKey !== undefined) return registry.byApp(filter.appKey);
  if (filter.published !== undefined) return registry.byDirection(filter.published ? 'publish' : 'play');
  return registry.all();
}

type Check = (stream: Stream, filter: StreamFilter) => boolean;

const CHECKS: readonly Check[] = [
  (stream, { mediaSessionId }) => mediaSessionId === undefined || stream.id === mediaSessionId,
  (stream, { sessionId }) => sessionId === undefined || stream.session.id === sessionId,
  (stream, { name }) => name === undefined || stream.name === name,
  (stream, { published }) => published === undefined || stream.published === published,
  // A stream that is ending already has a final status, so the last live one is compared.
  (stream, { status }) => status === undefined || stream.lastLiveStatus === status,
  (stream, { appKey }) => appKey === undefined || stream.appKey === appKey,
  (stream, { mediaProvider }) => mediaProvider === undefined || stream.session.mediaProvider === mediaProvider,
];

function matches(stream: Stream, filter: StreamFilter): boolean {
  return CHECKS.every((check) => check(stream, filter));
}

/** The stream ids in a filter, null if it has none. */
export function idsOf(filter: StreamFilter): readonly string[] | null {
  if (filter.mediaSessionId !== undefined) return [filter.mediaSessionId];
  return filter.mediaSessionIds ?? null;
}

/** True for `{}`: every stream. */
export function isEverything(filter: StreamFilter): boolean {
  return Object.keys(filter).length === 0;
}
