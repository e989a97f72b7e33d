import { describe, expect, it } from 'vitest';
import { CaptureStage } from '../../test/builders/capture-stage.ts';
import { H264 } from '../../test/builders/rtp-packets.ts';
import { readRtp } from './rtp.ts';

describe('a capture', () => {
  it('publishes the tracks of its source', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.packet();
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
    expect(stage.sent.length).toBe(1);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm1', restarts: 0 });
    expect(capture.state.tracks.map(({ codec }) => codec)).toEqual(['H264', 'Opus']);
  });

  it('has a bit rate while its source is connected', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    expect(capture.state.bitrate).toBe(undefined);
    // A packet of 13 bytes every 50 ms.
    for (let packets = 0; packets < 400; packets++) {
      stage.packet();
      await stage.clock.advance(50);
    }
    expect(capture.state.bitrate).toBe(13 * 8 * 20);
    stage.sourceEnds('stalled');
    expect(capture.state.bitrate).toBe(undefined);
    await stage.clock.advance(2_000);
    await stage.live();
    expect(capture.state).toMatchObject({ reason: 'Connected' });
    expect(capture.state.bitrate).toBe(undefined);
  });

  it('says goodbye to its source, and ends its publication', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    await capture.stop();
    expect(stage.seen.slice(2)).toEqual(['close', 'unpublish']);
    await stage.publicationEnds('client');
    await stage.clock.advance(3_600_000);
    expect(stage.seen.length).toBe(4);
    expect(stage.clock.pending).toBe(0);
  });

  it('publishes in the same session after its source was away', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.packet(1_000);
    stage.sourceEnds('stalled', 'no packet for 10 s');
    expect(capture.state).toMatchObject({ reason: 'Stalled', message: 'no packet for 10 s' });
    await stage.clock.advance(1_500);
    stage.tracks();
    stage.packet(7);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'open']);
    expect(capture.state).toMatchObject({ reason: 'Connected', restarts: 1, connectedAt: stage.clock.now() });
    const [before, after] = stage.sent.map((packet) => readRtp(packet));
    expect(after?.sequence).toBe((before?.sequence ?? 0) + 1);
    expect(after?.timestamp).toBe(1_000 + 90 * 1_500);
  });

  it.each([
    ['unreachable', 'Unreachable', 1_000],
    ['endOfStream', 'Unreachable', 1_000],
    ['notFound', 'NotFound', 1_000],
    ['unauthorized', 'Unauthorized', 60_000],
    ['unsupported', 'UnsupportedCodec', 600_000],
    ['notAllowed', 'AddressNotAllowed', 600_000],
  ] as const)('whose source is %s tries again', async (end, reason, firstMs) => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.sourceEnds(end, 'why');
    expect(capture.state).toMatchObject({ reason, message: 'why' });
    await stage.clock.advance(0.8 * firstMs - 1);
    expect(stage.seen).toEqual(['open', 'close']);
    await stage.clock.advance(0.4 * firstMs + 1);
    expect(stage.seen.slice(0, 3)).toEqual(['open', 'close', 'open']);
    expect(capture.state.restarts).toBe(1);
  });

  it('waits longer each time, up to half a minute, and a good connection counts as success', async () => {
    const stage = new CaptureStage();
    stage.start();
    const attempts = (): number => stage.seen.filter((each) => each === 'open').length;
    for (let elapsed = 0; elapsed < 600; elapsed++) {
      stage.sourceEnds('unreachable');
      await stage.clock.advance(1_000);
    }
    expect(attempts()).toBeGreaterThan(20);
    expect(attempts()).toBeLessThan(35);
    while (!stage.isOpen) await stage.clock.advance(1_000);
    await stage.live();
    await stage.clock.advance(60_000);
    stage.sourceEnds('unreachable');
    const before = attempts();
    await stage.clock.advance(1_200);
    expect(attempts()).toBe(before + 1);
  });

  it('goes to the next address of its source when one brings nothing', async () => {
    const stage = new CaptureStage();
    stage.start();
    stage.sourceEnds('unreachable');
    await stage.clock.advance(1_200);
    stage.sourceEnds('stalled');
    await stage.clock.advance(2_400);
    await stage.live();
    stage.sourceEnds('stalled');
    await stage.clock.advance(4_800);
    expect(stage.turns).toEqual([0, 1, 2, 2]);
  });

  it('says that its sound is left out', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.tracks('video');
    stage.leavesOut('audio', 'G722');
    stage.packet();
    await stage.clock.advance(300);
    expect(capture.state).toMatchObject({ reason: 'Connected', message: 'the sound is left out: its codec is G722' });
    // A second stream has sound that can be used.
    stage.tracks('audio');
    expect(capture.state.message).toBe('');
  });

  it('waits for the video of a camera that is joined between two key frames', async () => {
    const stage = new CaptureStage();
    stage.start();
    stage.tracks('audio');
    stage.packet(0, H264.slice, 111);
    await stage.clock.advance(3_000);
    expect(stage.seen).toEqual(['open']);
    stage.tracks('video');
    stage.packet();
    await stage.clock.advance(300);
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
  });

  it('tells a source that sends nothing from one that has stopped', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.tracks();
    stage.sourceEnds('stalled', 'no packet for 15 s');
    expect(capture.state).toMatchObject({ reason: 'NoMedia', message: 'no packet for 15 s' });
  });

  it('says that B-frames cannot be played', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    for (const timestamp of [90_000, 99_000, 93_000, 108_000, 102_000, 117_000, 111_000, 126_000])
      stage.packet(timestamp);
    expect(capture.state.reason).toBe('BFrames');
    expect(stage.seen.at(-1)).toBe('close');
  });
});
