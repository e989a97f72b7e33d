import { describe, expect, it } from 'vitest';
import { rtpPacket } from '../../test/builders/rtp-packets.ts';
import { readRtp } from './rtp.ts';
import { Timeline } from './timeline.ts';
import type { TrackKind } from './tracks.ts';

/** Sends a packet through a timeline; returns its sequence number and timestamp afterwards. */
function sent(timeline: Timeline, kind: TrackKind, sequence: number, timestamp: number, now: number) {
  const packet = rtpPacket({ sequence, timestamp });
  const header = readRtp(packet);
  if (!header) throw new Error('the packet has no header');
  timeline.apply(kind, packet, header, now);
  return [packet.readUInt16BE(2), packet.readUInt32BE(4)];
}

describe('the timeline of a capture', () => {
  it('keeps the numbers of the first source', () => {
    const timeline = new Timeline();
    expect(sent(timeline, 'video', 65_535, 2 ** 32 - 1, 0)).toEqual([65_535, 2 ** 32 - 1]);
    expect(sent(timeline, 'video', 0, 2_999, 33)).toEqual([0, 2_999]);
  });

  it('goes on with the next source, by the time that has passed, over both rings', () => {
    const timeline = new Timeline();
    sent(timeline, 'video', 65_535, 2 ** 32 - 1, 1_000);
    timeline.restart();
    expect(sent(timeline, 'video', 500, 7_000, 3_000)).toEqual([0, 2 * 90_000 - 1]);
    // A packet that was late keeps its place.
    expect(sent(timeline, 'video', 499, 4_000, 3_001)).toEqual([65_535, 2 * 90_000 - 3_001]);
    expect(sent(timeline, 'video', 501, 10_000, 3_033)).toEqual([1, 2 * 90_000 + 2_999]);
  });

  it('keeps sound and picture as far from each other as each source has them', () => {
    const timeline = new Timeline();
    timeline.says('video', { rtp: 900, ms: 10 });
    timeline.says('audio', { rtp: 0, ms: 0 });
    sent(timeline, 'video', 0, 900, 1_000);
    // Sound that is 300 ms late.
    sent(timeline, 'audio', 0, 0, 1_300);
    timeline.restart();
    // The next source has numbers and a clock of its own, and its sound is 100 ms late.
    timeline.says('video', { rtp: 5_000, ms: 70_000 });
    timeline.says('audio', { rtp: 7_000, ms: 70_020 });
    const [, video] = sent(timeline, 'video', 9, 5_000, 3_300);
    const [, audio] = sent(timeline, 'audio', 9, 7_000, 3_420);
    // The packet that is presented last was so at 10 ms; two seconds have passed since anything has arrived.
    expect(video).toBe(90 * 2_010);
    expect(audio).toBe(48 * 2_030);
  });

  it('goes on after the later one of both tracks', () => {
    const timeline = new Timeline();
    sent(timeline, 'video', 0, 0, 0);
    timeline.says('audio', { rtp: 0, ms: 0 });
    // Packets of the sound came early.
    sent(timeline, 'audio', 0, 48 * 500, 100);
    timeline.restart();
    expect(sent(timeline, 'video', 0, 0, 1_100)).toEqual([1, 90 * 1_500]);
  });
});

describe('the timestamp that is presented now', () => {
  const reported = (timeline: Timeline, now: number) =>
    (['video', 'audio'] as const).map((kind) => timeline.presentedAt(kind, now));

  it('is 0 before the first packet', () => {
    expect(reported(new Timeline(), 5)).toEqual([0, 0]);
  });

  it('is of the same moment for both tracks, although one is late', () => {
    const timeline = new Timeline();
    timeline.says('video', { rtp: 0, ms: 1_000 });
    timeline.says('audio', { rtp: 0, ms: 1_000 });
    for (let ms = 0; ms <= 1_000; ms += 20) {
      sent(timeline, 'video', ms, 90 * ms, 50_000 + ms);
      if (ms >= 400) sent(timeline, 'audio', ms, 48 * (ms - 400), 50_000 + ms);
    }
    expect(reported(timeline, 51_000)).toEqual([90_000, 48_000]);
    expect(reported(timeline, 51_100)).toEqual([99_000, 52_800]);
  });

  it('does not follow packets that are late for a while, but the clock of the source', () => {
    const timeline = new Timeline();
    timeline.says('video', { rtp: 0, ms: 0 });
    sent(timeline, 'video', 0, 0, 1_000);
    sent(timeline, 'video', 1, 9_000, 1_900);
    expect(timeline.presentedAt('video', 1_900)).toBe(90 * 900 - 81);
    // After an hour of a clock that is slow by 100 ppm.
    const hour = 3_600_000;
    for (let ms = 0; ms <= hour; ms += 1_000) {
      timeline.says('video', { rtp: 90 * ms, ms });
      sent(timeline, 'video', 2, 90 * ms, 2_000 + ms * 1.0001);
    }
    expect(Math.abs(timeline.presentedAt('video', 2_000 + hour * 1.0001) - 90 * hour)).toBeLessThan(90);
  });

  it('is that of the numbers that are sent', () => {
    const timeline = new Timeline();
    timeline.says('video', { rtp: 0, ms: 0 });
    sent(timeline, 'video', 0, 0, 0);
    timeline.restart();
    timeline.says('video', { rtp: 777, ms: 5 });
    timeline.says('audio', { rtp: 888, ms: 5 });
    const [, video] = sent(timeline, 'video', 0, 777, 1_000);
    const [, audio] = sent(timeline, 'audio', 0, 888, 1_000);
    expect(reported(timeline, 1_000)).toEqual([video, audio]);
  });
});
