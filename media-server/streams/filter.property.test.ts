import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { fakeApp, fakeStreams } from '../../test/builders/streams.ts';
import { matchStreams } from './filter.ts';
import type { Stream } from './stream.ts';

const APPS = [fakeApp('one'), fakeApp('two')] as const;
const NAMES = ['a', 'b', '__proto__'] as const;

/** What docs/rest-api.md says of each member, without indexes. */
function isMeant(stream: Stream, filter: StreamFilter): boolean {
  const { appKey, mediaSessionId, mediaSessionIds, name, published, sessionId, status } = filter;
  return (
    (mediaSessionId === undefined || stream.id === mediaSessionId) &&
    (mediaSessionIds === undefined || mediaSessionIds.includes(stream.id)) &&
    (sessionId === undefined || stream.session.id === sessionId) &&
    (name === undefined || stream.name === name) &&
    (published === undefined || (stream.direction === 'publish') === published) &&
    (status === undefined || stream.status === status) &&
    (appKey === undefined || stream.appKey === appKey)
  );
}

it('any filter finds exactly the streams that match every member', () => {
  const streams = fc.array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      direction: fc.constantFrom('publish' as const, 'play' as const),
      app: fc.constantFrom(...APPS),
    }),
    { maxLength: 12 },
  );
  const shape = fc.record(
    {
      // Which of the streams, the last few of none.
      id: fc.nat(14),
      ids: fc.array(fc.nat(14), { maxLength: 4 }),
      session: fc.nat(14),
      name: fc.constantFrom(...NAMES, 'nobody'),
      published: fc.boolean(),
      status: fc.constantFrom('NEW' as const, 'PENDING' as const, 'PUBLISHING' as const, 'PLAYING' as const),
      appKey: fc.constantFrom('one', 'two', 'three'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(streams, shape, (setups, { id, ids, session, ...plain }) => {
      const { add, registry } = fakeStreams();
      const all = setups.map((setup) => add(setup));
      const idOf = (index: number): string => all[index]?.id ?? `none-${index}`;
      const filter: StreamFilter = {
        ...plain,
        ...(id === undefined ? {} : { mediaSessionId: idOf(id) }),
        ...(ids === undefined ? {} : { mediaSessionIds: ids.map(idOf) }),
        ...(session === undefined ? {} : { sessionId: all[session]?.session.id ?? 'none' }),
      };
      const found = matchStreams(registry, filter);
      expect(new Set(found)).toEqual(new Set(all.filter((stream) => isMeant(stream, filter))));
      expect(found).toHaveLength(new Set(found).size);
    }),
    { numRuns: 500 },
  );
});
