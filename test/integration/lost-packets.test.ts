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
      this.#send();
      await sleep(FRAME_MS);
    }
  }

  /** Loses a packet, and sends the next one. Returns when that is sent, monotonic milliseconds. */
  loseOne(): number {
    this.#sequence += 1;
    this.lost = this.#sequence;
    this.#send();
    return performance.now();
  }

  close(): void {
    this.#track.close();
    this.#connection.close();
  }

  #send(): void {
    this.#sequence += 1;
    const packet = { payloadType: VP8, sequence: this.#sequence, timestamp: this.#sequence * 90 * FRAME_MS };
    const bytes = rtpPacket({ ...packet, marker: true, payload: [0x10, 0x01, 0x00, 0x00] });
    bytes.writeUInt32BE(SSRC, 8);
    this.#track.sendMessageBinary(bytes);
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

/** How long requests take, milliseconds: the first one, and the median time between two. */
async function requestsOfOne(publisher: Publisher): Promise<{ first: number; between: number }> {
  publisher.requests.length = 0;
  const sentAt = publisher.loseOne();
  // No packet follows that could remind the media server.
  await until('it is given up', () => publisher.requests.length === MOST_REQUESTS);
  const { requests } = publisher;
  const gaps = requests.slice(1).map((at, index) => at - (requests[index] ?? 0));
  return { first: (requests[0] ?? 0) - sentAt, between: median(gaps) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

it('a lost packet is asked for soon, and again as soon as an answer could have come', async ({ onTestFinished }) => {
  const publisher = new Publisher();
  onTestFinished(() => publisher.close());
  await publisher.start(`${server.url}/whip/defaultApp/near`);
  await publisher.sendUntil('the distance is known', () => publisher.answers > 0);
  // On a busy machine, one of them is late.
  const rounds = [];
  for (let round = 0; round < 5; round++) rounds.push(await requestsOfOne(publisher));
  // 10 ms, not 40; 20 ms, not 40 of the timer of mediasoup or 100 for an unknown distance.
  expect(median(rounds.map(({ first }) => first))).toBeLessThan(30);
  expect(median(rounds.map(({ between }) => between))).toBeLessThan(35);
});
