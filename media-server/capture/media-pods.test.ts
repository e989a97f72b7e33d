import { describe, expect, it } from 'vitest';
import { MediaPods } from './media-pods.ts';

const pods = ['a', 'b', 'c'].map((pod, index) => ({ pod, address: `10.0.0.${index + 1}`, port: 9091 }));
const uids = Array.from({ length: 60 }, (_, index) => `capture-${index}`);

function mediaPods(): MediaPods {
  const media = new MediaPods();
  media.set(pods);
  return media;
}

const first = (media: MediaPods, uid: string): string | undefined => media.urlsFor(uid)[0];

describe('the media pods of captures', () => {
  it('are none before the operator has named any', () => {
    expect(new MediaPods().urlsFor('capture-1')).toEqual([]);
  });

  it('share the captures, in any order of their names', () => {
    const [media, other] = [mediaPods(), new MediaPods()];
    other.set(pods.toReversed());
    const urls = uids.map((uid) => first(media, uid));
    expect(uids.map((uid) => first(other, uid))).toEqual(urls);
    for (const { address } of pods)
      expect(urls.filter((url) => url === `https://${address}:9091`).length).toBeGreaterThan(9);
  });

  it('are tried one after the other', () => {
    const media = mediaPods();
    const inTurn = media.urlsFor('capture-1');
    expect(new Set(inTurn).size).toBe(3);
    const tried = pods.map(() => {
      const url = first(media, 'capture-1');
      media.next('capture-1');
      return url;
    });
    expect(tried).toEqual(inTurn);
    expect(media.urlsFor('capture-1')).toEqual(inTurn);
  });

  it('begin anew with a capture that was gone', () => {
    const media = mediaPods();
    const before = first(media, 'capture-1');
    media.next('capture-1');
    media.forget('capture-1');
    expect(first(media, 'capture-1')).toBe(before);
  });

  it('keep the captures of a pod that stays', () => {
    const media = mediaPods();
    const before = new Map(uids.map((uid) => [uid, first(media, uid)]));
    media.set(pods.slice(0, 2));
    for (const [uid, url] of before) if (!url?.includes('10.0.0.3')) expect(first(media, uid)).toBe(url);
  });
});
