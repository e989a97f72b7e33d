import { readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CapturedSource, MediaKind } from '../clients/captured-source.ts';
import { byteStream, framesOf, NAL, nalType } from '../clients/h264-frames.ts';
import { described, flood, OddCamera, type RtspAnswer, rtspAnswer } from '../clients/odd-camera.ts';
import { isAlive } from '../harness/descendants.ts';
import { startProcess } from '../harness/processes.ts';
import { decodedPictures, RtspCameras, Sources, type Spec } from '../harness/sources.ts';
import { until } from '../harness/wait.ts';

/** Those of test/clients/rtsp_cameras.py. */
const CREDENTIALS = { user: 'cam', password: 'p@ss:w/ö %41' };

let sources: Sources;
let cameras: RtspCameras;
/** Open files of the listener while nothing is captured. */
let idle = 0;

beforeAll(async () => {
  [sources, cameras] = await Promise.all([Sources.start(), RtspCameras.start()]);
  idle = sources.openFiles();
});

afterAll(async () => {
  await cameras?.run.stop('SIGKILL');
  await sources?.stop();
});

/** The distinct differences of neighbours, modulo 2^bits. */
function steps(values: readonly number[], bits: 16 | 32): number[] {
  const differences = values.slice(1).map((value, index) => (value - (values[index] ?? 0)) & (2 ** bits - 1));
  return [...new Set(differences.map((step) => (bits === 32 ? step >>> 0 : step)))];
}

const sequences = (source: CapturedSource, kind: MediaKind): number[] => source.packets(kind).map(({ sequence }) => sequence);

/** When the last packet of a track is presented, in microseconds, by the last clock event. */
function lastUs(source: CapturedSource, kind: MediaKind): number {
  const clock = source.events.findLast(({ event, kind: of }) => event === 'clock' && of === kind);
  const ticks = ((source.packets(kind).at(-1)?.timestamp ?? 0) - Number(clock?.['rtp'])) | 0;
  return Number(clock?.['ntpUs']) + (ticks * 1e6) / (kind === 'video' ? 90_000 : 48_000);
}

/** Every frame is whole, follows its parameter sets, and can be decoded. Returns the frames. */
function checkVideo(source: CapturedSource): void {
  expect(steps(sequences(source, 'video'), 16)).toEqual([1]);
  const packets = source.packets('video');
  // The capture may have ended within a frame.
  const frames = framesOf(packets.slice(0, packets.findLastIndex(({ marker }) => marker) + 1));
  const keyFrames = frames.map(({ units }) => units.map(nalType)).filter((types) => types.includes(NAL.idr));
  expect(keyFrames.length).toBeGreaterThan(0);
  for (const types of keyFrames) {
    expect(types.indexOf(NAL.idr)).toBeGreaterThan(Math.max(types.indexOf(NAL.sps), types.indexOf(NAL.pps)));
    expect(types).toEqual(expect.arrayContaining([NAL.sps, NAL.pps]));
  }
  expect(Math.max(...packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1188);
  expect(decodedPictures(byteStream(frames))).toBe(frames.length);
}

/** Packets of 20 ms without a gap. The first bits of a packet of Opus are its configuration (RFC 6716 §3.1). */
function checkAudio(source: CapturedSource): void {
  expect(steps(sequences(source, 'audio'), 16)).toEqual([1]);
  expect(steps(source.packets('audio').map(({ timestamp }) => timestamp), 32)).toEqual([960]);
  expect(source.packets('audio').every(({ payload }) => (payload.readUInt8(0) & 3) === 0)).toBe(true);
}

const VIDEO = { event: 'track', kind: 'video', codec: 'H264', profile: 'constrained-baseline', width: 320, height: 180 };

describe.concurrent('cameras', () => {
  const DIGEST = { server: 'digest', ...CREDENTIALS } as const;
  it.each([
    { path: 'aac', from: 'AAC' },
    { path: 'aac16', from: 'AAC', transport: 'udp' },
    { path: 'pcmu', from: 'PCMU', server: 'basic', ...CREDENTIALS },
    { path: 'pcma', from: 'PCMA', transport: 'udp', ...DIGEST },
    { path: 'opus', from: null },
    { path: 'silent', from: null, ...DIGEST },
  ] as const)('%o', async ({ from, path, ...rest }) => {
    const { server = 'open', ...spec } = { server: undefined, ...rest };
    const source = sources.capture({ location: cameras.url(path, server), ...spec });
    await source.has('video', 50);
    if (from !== null) await source.has('audio', 75);
    const apart = from === null ? 0 : lastUs(source, 'video') - lastUs(source, 'audio');
    expect(await source.close()).toBeLessThan(1_000);
    await until('TEARDOWN', () => cameras.count('TEARDOWN', path) === 1);
    expect(source.rest).toBe(0);
    expect(source.event('track', 'video')).toEqual(VIDEO);
    expect(source.event('ended')).toBeUndefined();
    checkVideo(source);
    if (path === 'opus') expect(source.events[0]).toEqual({ event: 'unsupported', kind: 'audio', codec: 'OPUS' });
    if (from === null) return;
    expect(source.event('track', 'audio')).toEqual({ event: 'track', kind: 'audio', codec: 'Opus', from });
    checkAudio(source);
    expect(Math.abs(apart)).toBeLessThan(300_000);
  });
});
