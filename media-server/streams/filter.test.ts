import { describe, expect, it } from 'vitest';
import { fakeApp, fakeSession, fakeStreams } from '../../test/builders/streams.ts';
import { matchStreams } from './filter.ts';

const { add, registry } = fakeStreams();
const other = fakeApp('otherApp');
const publication = add({ name: 'a' });
const playback = add({ name: 'a', direction: 'play' });
const second = add({ name: 'b', app: other });
const camera = {
  uid: 'camera',
  epoch: 1,
  attempt: 1,
  generation: 1,
  provider: 'RTSP',
  afterTermination: 'Stay',
} as const;
const captured = add({ name: 'c', session: fakeSession({ kind: 'capture', capture: camera }) });

describe('matchStreams', () => {
  it.each([
    ['{} finds everything', {}, [publication, playback, second, captured]],
    ['an id', { mediaSessionId: playback.id }, [playback]],
    ['an unknown id', { mediaSessionId: 'x' }, []],
    ['ids, each once', { mediaSessionIds: [second.id, 'x', second.id] }, [second]],
    ['no ids', { mediaSessionIds: [] }, []],
    ['an id and a list of ids without it', { mediaSessionId: playback.id, mediaSessionIds: [second.id] }, []],
    ['a session', { sessionId: second.session.id }, [second]],
    ['a name', { name: 'a' }, [publication, playback]],
    ['a name and a direction', { name: 'a', published: false }, [playback]],
    ['a direction', { published: true }, [publication, second, captured]],
    ['a status', { status: 'PLAYING' as const }, [playback]],
    ['an app', { appKey: 'otherApp' }, [second]],
    ['what is captured', { mediaProvider: 'RTSP' as const }, [captured]],
    ['what clients publish and play', { mediaProvider: 'WebRTC' as const }, [publication, playback, second]],
    ['several members, which must all match', { appKey: 'otherApp', name: 'a' }, []],
  ])('%s', (_what, filter, expected) => {
    expect(matchStreams(registry, filter).sort(byId)).toEqual([...expected].sort(byId));
  });

  it('finds a stream that is ending by its last status', () => {
    const ending = fakeStreams();
    const stream = ending.add();
    stream.markEnded('rest', 0);
    expect(matchStreams(ending.registry, { status: 'PUBLISHING' })).toEqual([stream]);
  });
});

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
