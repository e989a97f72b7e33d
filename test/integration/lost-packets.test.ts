import { setTimeout as sleep } from 'node:timers/promises';
import { PeerConnection, type Track, Video } from 'node-datachannel';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { timeAnswer } from '../../media-server/capture/rtcp.ts';
import { rtpPacket } from '../builders/rtp-packets.ts';
import { TestServer } from '../harness/media-server.ts';
import { until } from '../harness/wait.ts';

const VP8 = 96;
const SSRC = 4711;
const FRAME_MS = 40;
/** After so many requests, mediasoup gives a packet up. */
const MOST_REQUESTS = 10;
/** RTCP of transport-layer feedback, and its format of NACKs (RFC 4585 §6.2.1). */
const [FEEDBACK, NACK] = [205, 1];

/** A publisher that never sends a lost packet again. */
class Publisher {
  /** When each request for a lost packet came, monotonic milliseconds. */
  readonly requests: number[] = [];
  /** How often the media server learned how far away this is. */
  answers = 0;
  lost = -1;
  readonly #connection = new PeerConnection('publisher', { iceServers: [], bindAddress: '127.0.0.1' });
  readonly #track: Track;
  #sequence = 0;

  constructor() {
    const video = new Video('0', 'SendOnly');
    video.addVP8Codec(VP8);
    video.addSSRC(SSRC, 'test', 'stream', 'video');
    this.#track = this.#connection.addTrack(video);
    this.#track.onMessage((rtcp) => this.#read(rtcp));
  }

  async start(url: string): Promise<void> {
    this.#connection.setLocalDescription();
    await until('the offer is complete', () => this.#connection.gatheringState() === 'complete');
    const body = this.#connection.localDescription()?.sdp ?? '';
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body });
    this.#connection.setRemoteDescription(await answer.text(), 'answer');
    await until('the track is open', () => this.#track.isOpen());
  }

  /** Sends frames of one packet at their pace until this is true. */
  async sendUntil(what: string, isTrue: () => boolean): Promise<void> {
    const end = performance.now() + 10_000;
    while (!isTrue()) {
      if (performance.now() > end) throw new Error(`not seen within 10 s: ${what}`);
      this.#sequence += 1;
      const packet = { payloadType: VP8, sequence: this.#sequence, timestamp: this.#sequence * 90 * FRAME_MS };
      const bytes = rtpPacket({ ...packet, marker: true, payload: [0x10, 0x01, 0x00, 0x00] });
      bytes.writeUInt32BE(SSRC, 8);
      this.#track.sendMessageBinary(bytes);
      await sleep(FRAME_MS);
    }
  }

  loseOne(): void {
    this.#sequence += 1;
    this.lost = this.#sequence;
  }

  close(): void {
    this.#connection.close();
  }

  #read(rtcp: Buffer): void {
    const answer = timeAnswer(rtcp, SSRC);
    if (answer) {
      this.answers += 1;
      this.#track.sendMessageBinary(answer);
    }
    const isNack = rtcp[1] === FEEDBACK && ((rtcp[0] ?? 0) & 0x1f) === NACK;
    if (isNack && rtcp.readUInt16BE(12) === this.lost) this.requests.push(performance.now());
  }
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({});
});
afterAll(() => server?.stop());

it('a lost packet is asked for again as soon as an answer could have come', async ({ onTestFinished }) => {
  const publisher = new Publisher();
  onTestFinished(() => publisher.close());
  await publisher.start(`${server.url}/whip/defaultApp/near`);
  await publisher.sendUntil('the distance is known', () => publisher.answers > 0);
  publisher.loseOne();
  await publisher.sendUntil('it is given up', () => publisher.requests.length === MOST_REQUESTS);
  const [first = 0] = publisher.requests;
  // Those of a publisher at an unknown distance take more than a second.
  expect((publisher.requests.at(-1) ?? 0) - first).toBeLessThan(700);
});
