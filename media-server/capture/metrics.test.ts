import { expect, it } from 'vitest';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';
import { H264 } from '../../test/builders/rtp-packets.ts';

/** The samples of a stage, without names of files and comments. */
async function samplesOf({ metrics }: CaptureStage): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('counts what sources send, by kind', async () => {
  const stage = new CaptureStage();
  stage.start();
  await stage.live();
  stage.packet();
  // An audio packet, and one of no track.
  for (const payloadType of [111, 7]) stage.packet(1_000, [...H264.slice, 0], payloadType);
  const bytes = (await samplesOf(stage)).filter((line) => line.startsWith('sluice_capture_rtp_bytes_total'));
  expect(bytes).toEqual([
    'sluice_capture_rtp_bytes_total{app="defaultApp",kind="video"} 26',
    'sluice_capture_rtp_bytes_total{app="defaultApp",kind="audio"} 14',
  ]);
});

it('counts connections and why they ended', async () => {
  const stage = new CaptureStage();
  stage.start();
  // Nothing has come yet.
  stage.sourceEnds('stalled');
  await stage.clock.advance(2_000);
  await stage.live();
  stage.sourceEnds('stalled');
  await stage.clock.advance(4_000);
  expect(await samplesOf(stage)).toEqual(
    expect.arrayContaining([
      'sluice_capture_connections_total{app="defaultApp"} 3',
      'sluice_capture_source_ends_total{app="defaultApp",reason="noMedia"} 1',
      'sluice_capture_source_ends_total{app="defaultApp",reason="stalled"} 1',
    ]),
  );
});

it('counts publications that ended, by cause', async () => {
  const stage = new CaptureStage();
  const capture = stage.start();
  for (const cause of ['drain', null, 'rest'] as const) {
    await stage.live();
    await stage.clock.advance(3_000);
    await stage.publicationEnds(cause);
    await stage.clock.advance(0);
    stage.packet();
  }
  await capture.stop();
  const other = stage.start(captureOrder({ uid: 'u2', appKey: 'other' }));
  await stage.live();
  await other.stop();
  const ends = (await samplesOf(stage)).filter((line) => line.startsWith('sluice_capture_publication_ends_total'));
  expect(ends).toEqual([
    'sluice_capture_publication_ends_total{app="defaultApp",cause="drain"} 1',
    'sluice_capture_publication_ends_total{app="defaultApp",cause="unreachable"} 1',
    'sluice_capture_publication_ends_total{app="defaultApp",cause="rest"} 1',
    'sluice_capture_publication_ends_total{app="other",cause="client"} 1',
  ]);
});

it('counts a publication that moves away from a media server that drains once', async () => {
  const stage = new CaptureStage();
  stage.start();
  await stage.live();
  await stage.mediaServerDrains();
  await stage.clock.advance(1_000);
  await stage.publicationEnds('drain', 'Stopped by drain', 0);
  expect(stage.seen.filter((each) => each.startsWith('publish'))).toHaveLength(2);
  const ends = (await samplesOf(stage)).filter((line) => line.startsWith('sluice_capture_publication_ends_total'));
  expect(ends).toEqual(['sluice_capture_publication_ends_total{app="defaultApp",cause="drain"} 1']);
});

it('shows captures by state, and the longest time between key frames', async () => {
  const stage = new CaptureStage();
  stage.metrics.observe(() => stage.captures.all());
  const gauges = async (): Promise<string[]> =>
    (await samplesOf(stage)).filter((line) => /^sluice_capture(s|_key_frame_interval_seconds)\{/.test(line));
  const orders = ['u1', 'u2', 'u3'].map((uid) => captureOrder({ uid, appKey: uid === 'u3' ? 'other' : 'defaultApp' }));
  await stage.captures.set(orders);
  expect(await gauges()).toEqual([
    'sluice_captures{app="defaultApp",reason="Connecting"} 2',
    'sluice_captures{app="other",reason="Connecting"} 1',
  ]);
  // The stage plays the camera of the last one.
  await stage.live();
  stage.packet(0, H264.idr);
  stage.packet(90 * 1_500, H264.idr);
  expect(await gauges()).toEqual([
    'sluice_captures{app="defaultApp",reason="Connecting"} 2',
    'sluice_captures{app="other",reason="Connected"} 1',
    'sluice_capture_key_frame_interval_seconds{app="other"} 1.5',
  ]);
  await stage.captures.set([]);
  expect(await gauges()).toEqual([]);
});

it('has no label for what a StreamCapture names', async () => {
  const stage = new CaptureStage();
  stage.metrics.observe(() => stage.captures.all());
  await stage.captures.set([captureOrder({ name: 'rtsp://camera.example.com/h264' })]);
  await stage.live();
  stage.sourceEnds('unreachable', 'no route to camera.example.com');
  expect(await stage.metrics.registry.metrics()).not.toMatch(/camera|gate3|u1/);
});
