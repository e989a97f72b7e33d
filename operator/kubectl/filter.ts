import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { type Arguments, BadArguments, has, one } from './arguments.ts';
import { FILTERS } from './commands.ts';
import type { LiveStream } from './objects.ts';

/** The filter that the options say; `{}` = none is given. Throws `BadArguments`. */
export function readFilter(args: Arguments): StreamFilter {
  if (has(args, 'published') && has(args, 'played')) {
    throw new BadArguments('--published and --played: give only one of them; no stream is both');
  }
  const filter = {
    ...idsOf(args),
    sessionId: one(args, 'session'),
    name: one(args, 'name'),
    appKey: one(args, 'app'),
    published: has(args, 'published') ? true : has(args, 'played') ? false : undefined,
    status: one(args, 'status'),
    mediaProvider: one(args, 'provider'),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as StreamFilter;
}

function idsOf({ options }: Arguments): StreamFilter {
  const ids = options.get('id') ?? [];
  const [id] = ids;
  if (ids.length > 1) return { mediaSessionIds: [...ids] };
  return id === undefined ? {} : { mediaSessionId: id };
}

export const isEmpty = (filter: StreamFilter): boolean => Object.keys(filter).length === 0;

/** The options that select streams, for a message. */
export const FILTER_NAMES = Object.keys(FILTERS)
  .map((name) => `--${name}`)
  .join(', ');

/** `name "news" and played`: the filter in words. */
export function wordsOf(filter: StreamFilter): string {
  const { appKey, mediaProvider, mediaSessionId, mediaSessionIds, name, published, sessionId, status } = filter;
  const words = [
    mediaSessionId && `id "${mediaSessionId}"`,
    mediaSessionIds && `one of ${mediaSessionIds.length} ids`,
    sessionId && `session "${sessionId}"`,
    name && `name "${name}"`,
    appKey && `app "${appKey}"`,
    published !== undefined && (published ? 'publications' : 'playbacks'),
    status && `status ${status}`,
    mediaProvider && `from ${mediaProvider}`,
  ];
  return words.filter((word) => typeof word === 'string' && word !== '').join(', ');
}

/** Whether a stream that has ended matched a filter while it was live. */
export function matched(filter: StreamFilter, stream: LiveStream): boolean {
  const { mediaSessionIds, status: _status, ...equal } = filter;
  const isListed = mediaSessionIds === undefined || mediaSessionIds.includes(stream.mediaSessionId);
  return isListed && Object.entries(equal).every(([key, value]) => stream[key as keyof LiveStream] === value);
}
