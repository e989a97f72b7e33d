import { beginsKeyFrame, readRtp } from '../../../media-server/capture/rtp.ts';
import { FRAMES_PER_SECOND } from './recording.ts';

/** What test/clients/loop_cameras.py writes into each frame: a name, ten digits and twenty. */
const SEI_NAME = 'sluice-loop-time';
const [NUMBER_DIGITS, TIME_DIGITS] = [10, 20];
/** Opus, and RTCP (RFC 5761 §4). */
const AUDIO = 111;
const isRtcp = (payloadType: number): boolean => payloadType >= 64 && payloadType <= 95;
const RING = 2 ** 16;
/** Frames at both ends of a time may be those of another one. */
const AT_ENDS_MS = 1_000;

/** A packet of video, as a player received it. */
export type VideoPacket = {
  readonly sequence: number;
  readonly timestamp: number;
  /** The last packet of a frame. */
  readonly isLast: boolean;
  readonly isKey: boolean;
  /** The number of the frame, and when the camera sent it (`now()`); in one of its packets. */
  readonly stamp: { readonly number: number; readonly sentAt: number } | null;
  readonly receivedAt: number;
};

export type SeenFrame = {
  readonly number: number;
  readonly isKey: boolean;
  readonly sentAt: number;
  /** When its last packet came. */
  readonly receivedAt: number;
};

export type FramesSeen = {
  /** Whole frames, in order. */
  readonly frames: readonly SeenFrame[];
  /** Packets that never came, between the first and the last whole frame. */
  readonly missing: number;
  /** Frames of the camera between the first and the last whole one that are not whole. */
  readonly broken: number;
};

/** Reads a packet of video; null if it is something else. */
export function readVideo(packet: Buffer, receivedAt: number): VideoPacket | null {
  const header = readRtp(packet);
  if (!header || header.payloadType === AUDIO || isRtcp(header.payloadType)) return null;
  const { marker: isLast, payloadAt, sequence, timestamp } = header;
  return { sequence, timestamp, isLast, isKey: beginsKeyFrame(packet, payloadAt), stamp: stampOf(packet), receivedAt };
}

function stampOf(packet: Buffer): VideoPacket['stamp'] {
  const found = packet.indexOf(SEI_NAME, 0, 'latin1');
  if (found < 0) return null;
  const at = found + SEI_NAME.length;
  const digits = (from: number, count: number): number => Number(packet.toString('latin1', from, from + count));
  return { number: digits(at, NUMBER_DIGITS), sentAt: digits(at + NUMBER_DIGITS, TIME_DIGITS) / 1e6 };
}

/** Puts packets, in the order of their arrival, together to frames. A frame that was joined or left within is left out. */
export function framesSeen(packets: readonly VideoPacket[]): FramesSeen {
  const ordered = inOrder(packets);
  const frames: SeenFrame[] = [];
  // A media server lets players begin with a key frame.
  let open: VideoPacket[] | null = ordered[0]?.packet.isKey ? [] : null;
  let expected = ordered[0]?.place ?? 0;
  /** Packets missing since the first whole frame, and of them those before the last one: others may still come. */
  let [gaps, missing] = [0, 0];
  for (const { packet, place } of ordered) {
    if (place !== expected) open = null;
    if (frames.length > 0) gaps += place - expected;
    expected = place + 1;
    open?.push(packet);
    if (!packet.isLast) continue;
    const frame = open && frameOf(open);
    if (frame) frames.push(frame);
    if (frame) missing = gaps;
    open = [];
  }
  const span = (frames.at(-1)?.number ?? 0) - (frames[0]?.number ?? 1) + 1;
  return { frames, missing, broken: span - frames.length };
}

/** Frames that a player did not see whole in a time: `broken` ones, or all after the last one if its picture froze. */
export function framesLost({ broken, frames }: FramesSeen, ms: number): number {
  const least = Math.ceil(((ms - AT_ENDS_MS) / 1_000) * FRAMES_PER_SECOND);
  return Math.max(broken, least - frames.length);
}

function frameOf(packets: readonly VideoPacket[]): SeenFrame | null {
  const stamp = packets.find((packet) => packet.stamp !== null)?.stamp;
  if (!stamp) return null;
  const receivedAt = Math.max(...packets.map((packet) => packet.receivedAt));
  return { ...stamp, isKey: packets.some(({ isKey }) => isKey), receivedAt };
}

/** Packets by their place in the stream, each once. Sequence numbers go round in 16 bits. */
function inOrder(packets: readonly VideoPacket[]): { readonly place: number; readonly packet: VideoPacket }[] {
  const places = new Map<number, VideoPacket>();
  let newest = packets[0]?.sequence ?? 0;
  for (const packet of packets) {
    const step = ((packet.sequence - (newest % RING) + 1.5 * RING) % RING) - RING / 2;
    const place = newest + step;
    newest = Math.max(newest, place);
    if (!places.has(place)) places.set(place, packet);
  }
  return [...places].map(([place, packet]) => ({ place, packet })).sort((a, b) => a.place - b.place);
}
