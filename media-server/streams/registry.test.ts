import { describe, expect, it } from 'vitest';
import { fakeStreams } from '../../test/builders/streams.ts';

describe('StreamRegistry', () => {
  it('finds by every index and forgets in every index', () => {
    const { add, registry } = fakeStreams();
    const publication = add({ name: 'a' });
    const playback = add({ name: 'a', direction: 'play' });
    registry.bind(playback, publication);
    expect(registry.get(publication.id)).toBe(publication);
    expect(registry.publication('defaultApp', 'a')).toBe(publication);
    expect(registry.publication('otherApp', 'a')).toBeUndefined();
    expect([...registry.playbacksOf(publication)]).toEqual([playback]);
    expect([registry.count('defaultApp', 'publish'), registry.count('defaultApp', 'play')]).toEqual([1, 1]);

    registry.remove(playback);
    registry.remove(publication);
    expect(registry.size).toBe(0);
    expect(
      [registry.byName('a'), registry.byApp('defaultApp'), registry.byDirection('play')].map(({ size }) => size),
    ).toEqual([0, 0, 0]);
    expect(registry.playbacksOf(publication).size).toBe(0);
  });

  it('follows a stream that is renamed', () => {
    const { add, registry } = fakeStreams();
    const stream = add({ name: 'a' });
    registry.rename(stream, 'b');
    expect(registry.publication('defaultApp', 'a')).toBeUndefined();
    expect(registry.publication('defaultApp', 'b')).toBe(stream);
    registry.remove(stream);
    expect(registry.byName('b').size).toBe(0);
  });

  it('reports when the last stream has left', () => {
    const { add, registry } = fakeStreams();
    const [first, second] = [add(), add()];
    let empty = 0;
    registry.onEmpty = () => {
      empty += 1;
    };
    registry.remove(first);
    expect(empty).toBe(0);
    registry.remove(second);
    expect(empty).toBe(1);
  });
});
