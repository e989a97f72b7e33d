import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../clients/peer.ts';

/** Time between two packets of Opus. */
const TICK_MS = 20;
const KEY_FRAME_EVERY = 60;
const KEY_FRAME_PACKETS = 40;

export type FrameOptions = {
  /** Packets of a video frame that is no key frame. */
  readonly packets: number;
  readonly framesPerSecond: number;
  readonly ms: number;
  /** Called every 20 ms. */
  readonly onTick?: () => void;
  /** Called when a frame has been sent, with its RTP timestamp and the time of its start (`performance.now()`). */
  readonly onFrame?: (timestamp: number, sentAt: number) => void;
};

/**
 * Sends packets in the pattern of a browser, for a while: video frames, frames of 40 packets instead of key frames, and
 * 50 packets of Opus a second. Returns the number of packets.
 */
export async function sendFrames(publisher: Peer, options: FrameOptions): Promise<number> {
  const { framesPerSecond, ms, onFrame, onTick, packets } = options;
  const startedAt = performance.now();
  let sent = 0;
  for (let tick = 0, frame = 0; performance.now() - startedAt < ms; tick++) {
    onTick?.();
    publisher.sendAudio();
    sent++;
    for (; frame < (tick * TICK_MS * framesPerSecond) / 1_000; frame++) {
      const count = frame % KEY_FRAME_EVERY === 0 ? KEY_FRAME_PACKETS : packets;
      const sentAt = performance.now();
      const timestamp = publisher.sendFrame(count);
      onFrame?.(timestamp, sentAt);
      sent += count;
    }
    await sleep(Math.max(0, startedAt + (tick + 1) * TICK_MS - performance.now()));
  }
  return sent;
}
