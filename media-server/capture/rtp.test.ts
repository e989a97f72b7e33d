import { describe, expect, it } from 'vitest';
import { H264, rtpPacket } from '../../test/builders/rtp-packets.ts';
import { FrameReader } from './frames.ts';
import { beginsKeyFrame, readRtp, timestampDelta } from './rtp.ts';
import { VideoWatch } from './video-watch.ts';

const framed = (...packets: readonly Buffer[]): Buffer =>
  Buffer.concat(
    packets.flatMap((packet) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      return [length, packet];
    }),
  );

describe('frames', () => {
  it('are whole, wherever the stream is cut', () => {
    const packets = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(65_535, 7), Buffer.from('{"event":"x"}')];
    const stream = framed(...packets);
    for (const size of [999, 1_000, stream.length - 1, stream.length]) {
      const reader = new FrameReader();
      const seen: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        for (const frame of reader.read(stream.subarray(at, at + size))) seen.push(frame.toString('hex'));
      }
      expect(seen).toEqual(packets.map((packet) => packet.toString('hex')));
    }
  });
});

describe('an RTP header', () => {
  it('is read, with contributing sources and an extension', () => {
    const packet = rtpPacket({ marker: true, payloadType: 111, sequence: 65_535, timestamp: 2 ** 32 - 1 });
    expect(readRtp(packet)).toEqual({
      payloadType: 111,
      marker: true,
      sequence: 65_535,
      timestamp: 4_294_967_295,
      payloadAt: 12,
    });
    const long = Buffer.concat([packet, Buffer.alloc(16)]);
    long[0] = 0x80 | 0x10 | 1;
    long.writeUInt16BE(1, 18);
    expect(readRtp(long)?.payloadAt).toBe(24);
  });

  it.each([
    ['short', Buffer.alloc(11, 0x80)],
    ['of another version', Buffer.alloc(20, 0x40)],
    ['with an extension that does not fit', Buffer.concat([Buffer.from([0x90]), Buffer.alloc(12)])],
    ['with more sources than bytes', Buffer.concat([Buffer.from([0x8f]), Buffer.alloc(30)])],
  ])('that is %s is none', (_what, packet) => {
    expect(readRtp(packet)).toBeNull();
  });

  it('has a timestamp on a ring', () => {
    expect([timestampDelta(5, 2 ** 32 - 5), timestampDelta(2 ** 32 - 5, 5), timestampDelta(9, 3)]).toEqual([
      10, -10, 6,
    ]);
  });
});

describe('a key frame', () => {
  it.each([
    ['sps', true],
    ['idr', true],
    ['stapA', true],
    ['stapAWithDelimiter', true],
    ['stapAOfSlice', false],
    ['stapACutOff', false],
    ['delimiter', false],
    ['fuStart', true],
    ['fuMiddle', false],
    ['slice', false],
  ] as const)('begins with %s: %s', (name, expected) => {
    expect(beginsKeyFrame(rtpPacket({ payload: H264[name] }), 12)).toBe(expected);
  });
});

describe('the watch over video', () => {
  const see = (watch: VideoWatch, timestamps: readonly number[], payload: readonly number[] = H264.slice): void => {
    for (const timestamp of timestamps) {
      const packet = rtpPacket({ timestamp, payload });
      const header = readRtp(packet);
      if (header) watch.see(packet, header);
    }
  };

  it('sees B-frames by timestamps that go back', () => {
    const watch = new VideoWatch();
    see(watch, [0, 9_000, 3_000, 6_000, 18_000, 12_000, 15_000, 27_000]);
    expect(watch.hasBFrames).toBe(false);
    see(watch, [21_000, 24_000, 36_000]);
    expect(watch.hasBFrames).toBe(true);
  });

  it('takes a clock that was set back for no B-frames', () => {
    for (const frames of [1, 5, 500]) {
      const watch = new VideoWatch();
      const times = Array.from({ length: 1_000 }, (_, index) => (index < 500 ? index : index - frames) * 3_000);
      see(watch, times);
      expect(watch.hasBFrames).toBe(false);
    }
  });

  it('sees none in frames of several packets, over the end of the ring', () => {
    const watch = new VideoWatch();
    const start = 2 ** 32 - 6_000;
    see(
      watch,
      [0, 0, 3_000, 3_000, 6_000, 9_000, 12_000].map((each) => (start + each) >>> 0),
    );
    expect(watch.hasBFrames).toBe(false);
  });

  it('tells the time between key frames', () => {
    const watch = new VideoWatch();
    see(watch, [0, 0], H264.stapA);
    expect(watch.keyFrameIntervalMs).toBeNull();
    see(watch, [3_000, 6_000]);
    see(watch, [180_000], H264.delimiter);
    see(watch, [180_000], H264.sps);
    see(watch, [180_000], H264.idr);
    expect(watch.keyFrameIntervalMs).toBe(2_000);
    // Its clock is set back.
    see(watch, [90_000], H264.idr);
    expect(watch.keyFrameIntervalMs).toBe(2_000);
    see(watch, [180_000], H264.idr);
    expect(watch.keyFrameIntervalMs).toBe(1_000);
  });
});
