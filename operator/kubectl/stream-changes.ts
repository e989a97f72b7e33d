import { type LiveStream, podOf } from './objects.ts';
import type { Listed } from './stream-lists.ts';
import { sorted } from './stream-rows.ts';

/** The types of a Kubernetes watch. */
export type Change = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: LiveStream };

/** The streams that were live at the last look, by id. */
export type Known = ReadonlyMap<string, LiveStream>;

/** What has changed since the last look. A stream of a pod that did not answer has not ended. Pure. */
export function changesOf(known: Known, { missing, streams }: Listed<LiveStream>): { changes: Change[]; known: Known } {
  const isSilent = (stream: LiveStream): boolean => missing.includes(podOf(stream));
  const now = new Map(streams.map((stream) => [stream.mediaSessionId, stream]));
  const gone = [...known.values()].filter(({ mediaSessionId }) => !now.has(mediaSessionId));
  const kept = gone.filter(isSilent);
  const changes = [
    ...gone.filter((stream) => !isSilent(stream)).map((object): Change => ({ type: 'DELETED', object })),
    ...sorted(streams).flatMap((object) => changeOf(known.get(object.mediaSessionId), object) ?? []),
  ];
  return { changes, known: new Map([...kept.map((one) => [one.mediaSessionId, one] as const), ...now]) };
}

function changeOf(before: LiveStream | undefined, object: LiveStream): Change | null {
  if (!before) return { type: 'ADDED', object };
  return JSON.stringify(before) === JSON.stringify(object) ? null : { type: 'MODIFIED', object };
}
