import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What cameras send: 720p, 25 frames and 2 Mbit a second, with a key frame every two seconds, and AAC in stereo. */
export type Recording = { readonly video: string; readonly sound: string };

export const FRAMES_PER_SECOND = 25;
export const KEY_FRAME_MS = 2_000;
/** A whole number of frames of both kinds. */
const SECONDS = '8';

/** Encodes a recording, once for all cameras. */
export function makeRecording(folder: string): Recording {
  const recording = { video: join(folder, 'video.h264'), sound: join(folder, 'sound.aac') };
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=${FRAMES_PER_SECOND}`, '-t', SECONDS];
  const rate = [
    '-b:v',
    '2M',
    '-maxrate',
    '2M',
    '-bufsize',
    '1M',
    '-g',
    String((KEY_FRAME_MS / 1_000) * FRAMES_PER_SECOND),
  ];
  const h264 = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-tune',
    'zerolatency',
    '-profile:v',
    'main',
    '-pix_fmt',
    'yuv420p',
  ];
  const delimited = ['-x264-params', 'aud=1:scenecut=0:sliced-threads=0', '-f', 'h264', recording.video];
  encode(picture, h264, rate, delimited);
  const tone = ['-f', 'lavfi', '-i', 'sine=440', '-t', SECONDS];
  encode(tone, ['-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-ac', '2', '-f', 'adts', recording.sound]);
  return recording;
}

const encode = (...args: readonly string[][]): void =>
  void execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args.flat()]);
