import { describe, expect, it } from 'vitest';
import { framesLost, framesSeen, readVideo, type VideoPacket } from './frames-seen.ts';

/** Frames of three packets each; the place of a packet is its number in the stream. */
function packet(place: number, receivedAt = place): VideoPacket {
  const [number, part] = [Math.floor(place / 3), place % 3];
  return {
    sequence: place & 0xffff,
    timestamp: number * 3_600,
    isLast: part === 2,
    isKey: number % 2 === 0 && part === 0,
    stamp: part === 0 ? { number, sentAt: place - 0.5 } : null,
    receivedAt,
  };
}
const packets = (from: number, to: number): VideoPacket[] =>
  Array.from({ length: to - from }, (_, index) => packet(from + index));
const numbers = (list: readonly VideoPacket[]): number[] => framesSeen(list).frames.map(({ number }) => number);

describe('the frames of a player', () => {
  it('are whole when their last packet has come', () => {
    expect(framesSeen([...packets(2, 7), packet(8), packet(7, 50), packet(9)])).toEqual({
      frames: [
        { number: 1, isKey: false, sentAt: 2.5, receivedAt: 5 },
        { number: 2, isKey: true, sentAt: 5.5, receivedAt: 50 },
      ],
      missing: 0,
      broken: 0,
    });
  });

  it('are not those within which it joined or left', () => {
    expect(numbers(packets(4, 14))).toEqual([2, 3]);
    expect(numbers(packets(6, 14))).toEqual([2, 3]);
    expect(numbers([])).toEqual([]);
  });

  it.each([
    ['at the beginning of a frame', [9]],
    ['within a frame', [10]],
    ['at the end of a frame', [11]],
  ])('are broken by a packet that is missing %s', (_where, lost) => {
    const seen = framesSeen(packets(0, 21).filter(({ sequence }) => !lost.includes(sequence)));
    expect({ missing: seen.missing, broken: seen.broken }).toEqual({ missing: 1, broken: lost[0] === 11 ? 2 : 1 });
  });

  it('are not broken by a packet that is missing before the first one', () => {
    const list = packets(0, 12).filter(({ sequence }) => sequence !== 1);
    expect(framesSeen(list)).toMatchObject({ missing: 0, broken: 0 });
  });

  it('are not broken while a packet of the last one may still come', () => {
    const list = packets(0, 12).filter(({ sequence }) => sequence !== 10);
    expect(framesSeen(list)).toMatchObject({ missing: 0, broken: 0 });
  });

  it('are missing as well if the camera sent them, and no sequence number is missing', () => {
    const skipped = packets(0, 21).map((each) => ({
      ...each,
      stamp: each.stamp && { ...each.stamp, number: each.stamp.number * 2 },
    }));
    expect(framesSeen(skipped)).toMatchObject({ missing: 0, broken: 6 });
  });

  it('go on where sequence numbers begin anew, also out of order, and each packet counts once', () => {
    const around = packets(65_520, 65_560);
    const swapped = [...around.slice(0, 15), ...around.slice(16, 19), ...around.slice(15, 16), ...around.slice(18)];
    expect(framesSeen(swapped)).toMatchObject({ missing: 0, broken: 0 });
    expect(numbers(swapped)).toEqual(numbers(around));
    expect(numbers(around).length).toBe(13);
  });
});

describe('the frames that a player lost in 20 s', () => {
  const lost = (list: readonly VideoPacket[]): number => framesLost(framesSeen(list), 20_000);
  const without = (...numbers: number[]): VideoPacket[] =>
    packets(0, 1_500).filter(({ sequence }) => !numbers.includes(sequence));

  it.each([
    ['none of those at 25 a second', without(), 0],
    ['none if the first and the last did not come in time', packets(6, 1_440), 0],
    ['broken ones', without(30, 60), 2],
    ['those since its picture froze', packets(0, 750), 225],
    ['all if there was never a picture', [], 475],
  ])('are %s', (_what, list, count) => {
    expect(lost(list)).toBe(count);
  });
});

describe('a packet', () => {
  const header = (payloadType: number): Buffer => Buffer.from([0x80, payloadType, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1]);
  const sei = Buffer.from('\x18\x00\x32\x06\x05\x2esluice-loop-time000000004200000000001234567890\x80', 'latin1');

  it('of video says when its frame was sent', () => {
    expect(readVideo(Buffer.concat([header(0x80 | 97), sei]), 3)).toEqual({
      sequence: 7,
      timestamp: 9,
      isLast: true,
      isKey: false,
      stamp: { number: 42, sentAt: 1_234.56789 },
      receivedAt: 3,
    });
    expect(readVideo(Buffer.concat([header(97), Buffer.from([0x7c, 0x85])]), 3)).toMatchObject({
      isLast: false,
      isKey: true,
      stamp: null,
    });
  });

  it('of sound, or of RTCP, is none', () => {
    expect(readVideo(Buffer.concat([header(111), sei]), 3)).toBeNull();
    expect(readVideo(Buffer.concat([header(200), sei]), 3)).toBeNull();
  });
});
