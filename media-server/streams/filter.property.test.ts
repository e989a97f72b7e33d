import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MEDIA_PROVIDERS, type MediaProvider } from '../../crds/schema/stream.ts';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { fakeApp, fakeSession, fakeStreams, type StreamSetup } from '../../test/builders/streams.ts';
import { matchStreams } from './filter.ts';
import type { Stream } from './stream.ts';

const APPS = [fakeApp('one'), fakeApp('two')] as const;
const NAMES = ['a', 'b', '__proto__'] as const;

/** What docs/rest-api.md says of each member, without indexes. */
function isMeant(stream: Stream, filter: StreamFilter): boolean {
  const { appKey, mediaProvider, mediaSessionId, mediaSessionIds, name, published, sessionId, status } = filter;
  return (
    (mediaSessionId === undefined || stream.id === mediaSessionId) &&
    (mediaSessionIds === undefined || mediaSessionIds.includes(stream.id)) &&
    (sessionId === undefined || stream.session.id === sessionId) &&
    (name === undefined || stream.name === name) &&
    (published === undefined || (stream.direction === 'publish') === published) &&
    (status === undefined || stream.status === status) &&
    (appKey === undefined || stream.appKey === appKey) &&
    (mediaProvider === undefined || (stream.session.capture?.provider ?? 'WebRTC') === mediaProvider)
  );
}

type Setup = Pick<StreamSetup, 'app' | 'direction' | 'name'> & { readonly provider: MediaProvider };

function streamOf({ provider, ...setup }: Setup): StreamSetup {
  if (provider === 'WebRTC') return setup;
  const capture = { uid: 'camera', epoch: 1, attempt: 1, generation: 1, provider, afterTermination: 'Stay' as const };
  return { ...setup, session: fakeSession({ kind: 'capture', capture, ...(setup.app ? { app: setup.app } : {}) }) };
}

it('any filter finds exactly the streams that match every member', () => {
  const streams = fc.array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      direction: fc.constantFrom('publish' as const, 'play' as const),
      app: fc.constantFrom(...APPS),
      provider: fc.constantFrom('WebRTC' as const, 'RTSP' as const, 'RTMP' as const),
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
      mediaProvider: fc.constantFrom(...MEDIA_PROVIDERS),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(streams, shape, (setups, { id, ids, session, ...plain }) => {
      const { add, registry } = fakeStreams();
      const all = setups.map((setup) => add(streamOf(setup)));
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
