import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import type { RtpPacket } from './captured-source.ts';
import { byteStream, type Frame } from './h264-frames.ts';

/** Runs a program with `input`. Returns what it prints; throws an error if it prints a fault or fails. */
async function filtered(command: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  const child = spawn(command, args, { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, faults] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  if ((await code) !== 0 || faults.length > 0) throw new Error(`${command}: ${faults.toString().slice(0, 2_000)}`);
  return output;
}

/** Decodes with ffmpeg. Returns the mean brightness of each picture. */
export async function brightnessOf(frames: readonly Frame[]): Promise<number[]> {
  const input = ['-v', 'error', '-xerror', '-f', 'h264', '-i', '-', '-fps_mode', 'passthrough'];
  const output = ['-vf', 'scale=1:1,format=gray', '-f', 'rawvideo', '-'];
  return [...(await filtered('ffmpeg', [...input, ...output], byteStream(frames)))];
}

/** RTP timestamps of the frames whose picture is inverted against the one before. */
export async function flipsOf(frames: readonly Frame[]): Promise<number[]> {
  const brightness = await brightnessOf(frames);
  const isFlip = (index: number): boolean => Math.abs((brightness[index] ?? 0) - (brightness[index - 1] ?? 0)) > 64;
  return frames.flatMap(({ timestamp }, index) => (index > 0 && isFlip(index) ? [timestamp] : []));
}

const RATE = 8_000;
const RTP_CLOCK = 48_000;
const LOUD = 3_000;

/** Decodes Opus with GStreamer. Returns the RTP timestamps at which silence ends. */
export async function ticksOf(packets: readonly RtpPacket[]): Promise<number[]> {
  const decoder = [
    `fdsrc ! application/x-rtp-stream,media=audio,clock-rate=${RTP_CLOCK},encoding-name=OPUS,payload=111`,
    'rtpstreamdepay ! rtpopusdepay ! opusdec ! audioconvert ! audioresample',
    `audio/x-raw,format=S16LE,channels=1,rate=${RATE} ! fdsink`,
  ].join(' ! ');
  const stream = Buffer.concat(packets.flatMap(({ bytes }) => [lengthOf(bytes), bytes]));
  const sound = await filtered('gst-launch-1.0', ['-q', ...decoder.split(' ')], stream);
  const ticks: number[] = [];
  for (let sample = 0, last = -RATE; sample < sound.length / 2; sample += 1) {
    if (Math.abs(sound.readInt16LE(sample * 2)) < LOUD) continue;
    if (sample - last > RATE / 4) ticks.push((packets[0]?.timestamp ?? 0) + (sample * RTP_CLOCK) / RATE);
    last = sample;
  }
  return ticks;
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return length;
}
