import { describe, expect, it } from 'vitest';
import { fakeStreams } from '../../test/builders/streams.ts';
import { isPlayed } from './viewers.ts';

describe('isPlayed', () => {
  function pod({ isFetched = false } = {}) {
    const streams = fakeStreams();
    const publication = streams.add({ direction: 'publish', name: 'gate' });
    const look = () => isPlayed({ registry: streams.registry, outgoing: { has: () => isFetched } }, publication);
    return { ...streams, publication, look };
  }

  it('is false while nobody plays', () => {
    const { add, look } = pod();
    add({ direction: 'play', name: 'other' });
    expect(look()).toBe(false);
  });

  it('is true for a pod that fetches the stream', () => {
    expect(pod({ isFetched: true }).look()).toBe(true);
  });

  it('is true from the moment at which the backend allows a player, until it has ended', async () => {
    const { add, look, publication, registry, terminator } = pod();
    const playback = add({ direction: 'play', name: 'gate' });
    playback.admission = 'asked';
    expect(look()).toBe(false);
    playback.admission = 'admitted';
    expect(look()).toBe(true);
    // Its backend gives it another name, and it plays the same publication.
    registry.bind(playback, publication);
    registry.rename(playback, 'mine');
    expect(look()).toBe(true);
    await terminator.end(playback, 'client');
    expect(look()).toBe(false);
  });
});
