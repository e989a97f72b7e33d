import { queryObjects } from 'node:v8';
import { PeerConnection, Track } from 'node-datachannel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rtpPacket } from '../../test/builders/rtp-packets.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { until } from '../../test/harness/wait.ts';
import { Publication } from './publication.ts';
import type { EventListener, Posted, PublicationEnd, Refusal } from './publish-client.ts';
import { type RtpHeader, readRtp } from './rtp.ts';
import { PAYLOAD_TYPES, type TrackKind } from './tracks.ts';

type Received = RtpHeader & { readonly ssrc: number; readonly text: string };

const EXTENDED_REPORT = 207;
/** RFC 5761 §4. */
const isRtcp = (type: number): boolean => type >= 192 && type <= 223;

/** The other side of a publication, which answers its offers with real tracks. */
class Peer {
  offer = '';
  readonly removed: string[] = [];
  readonly received: Received[] = [];
  /** Extended reports that came. */
  readonly answers: Buffer[] = [];
  /** What the next offer is answered instead. */
  refusal: Refusal | null = null;
  answer: string | null = null;
  state = '';
  listener: EventListener | null = null;
  end: (end: PublicationEnd) => void = () => undefined;
  readonly #connection = new PeerConnection('media-server', { iceServers: [], bindAddress: '127.0.0.1' });
  /** Without references, packets stop silently. */
  readonly #tracks: Track[] = [];

  constructor() {
    this.#connection.onStateChange((state) => {
      this.state = state;
    });
    this.#connection.onTrack((track) => {
      track.onMessage((packet) => this.#read(packet));
      this.#tracks.push(track);
    });
  }

  async post(offer: string): Promise<Posted | Refusal> {
    this.offer = offer;
    if (this.refusal) return this.refusal;
    if (this.answer !== null) return { kind: 'posted', location: '/gate/secret', answer: this.answer };
    this.#connection.setRemoteDescription(offer, 'offer');
    await until('candidates are gathered', () => this.#connection.gatheringState() === 'complete');
    return { kind: 'posted', location: '/gate/secret', answer: this.#connection.localDescription()?.sdp ?? '' };
  }

  follow(_location: string, _signal: AbortSignal, listener: EventListener): Promise<PublicationEnd> {
    this.listener = listener;
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async remove(location: string): Promise<void> {
    this.removed.push(location);
  }

  /** Sends an extended report with a reference time (RFC 3611 §4.4). */
  tellTime(): void {
    // A receiver report of one stream comes first: without it, nobody knows for whom the time is.
    const report = `81c90007${'00'.repeat(28)}`;
    const reports = Buffer.from(`${report}80cf00040000000004000002aaaabbbbccccdddd`, 'hex');
    reports.writeUInt32BE(this.received[0]?.ssrc ?? 0, 8);
    for (const track of this.#tracks) track.sendMessageBinary(reports);
  }

  close(): void {
    for (const track of this.#tracks) track.close();
    this.#connection.close();
  }

  #read(packet: Buffer): void {
    const type = packet.readUInt8(1);
    if (type === EXTENDED_REPORT) this.answers.push(packet);
    const header = readRtp(packet);
    if (!header || isRtcp(type)) return;
    const ssrc = packet.readUInt32BE(8);
    this.received.push({ ...header, ssrc, text: packet.subarray(header.payloadAt).toString() });
  }
}

const NEVER = new AbortController().signal;

let peer: Peer;
let told: unknown[];
let clock: VirtualClock;
/** When the publication asked for the timestamp of a report. */
let presented: number[];
const publications: Publication[] = [];

beforeEach(() => {
  peer = new Peer();
  told = [];
  clock = new VirtualClock();
  presented = [];
});
afterEach(async () => {
  for (const publication of publications.splice(0)) await publication.close();
  peer.close();
});

const start = (...kinds: readonly TrackKind[]) =>
  Publication.start(
    {
      client: peer,
      kinds,
      clock,
      listener: {
        onEnded: (end) => told.push(end),
        onDrain: (sendsAway) => told.push(sendsAway),
        onPlayed: (isPlayed) => told.push(isPlayed),
        presentedNow: () => presented.push(clock.monotonic()),
      },
    },
    NEVER,
  );

async function started(...kinds: readonly TrackKind[]): Promise<Publication> {
  const outcome = await start(...kinds);
  if ('kind' in outcome) throw new Error(outcome.detail);
  publications.push(outcome);
  return outcome;
}

function send(publication: Publication, kind: TrackKind, sequence: number): void {
  const parts = { payloadType: PAYLOAD_TYPES[kind], sequence, timestamp: sequence * 10, marker: true };
  const packet = rtpPacket({ ...parts, payload: [...Buffer.from(`${kind} ${sequence}`)] });
  publication.send(kind, packet);
  // It is valid during the call only.
  packet.fill(0);
}

const sections = (): string[] => peer.offer.split(/^m=/m).slice(1);

describe('a publication', () => {
  it('offers its tracks to send, with formats that every player knows', async () => {
    await started('audio', 'video');
    const [audio = '', video = ''] = sections();
    expect(sections().map((section) => section.split(' ', 1)[0])).toEqual(['audio', 'video']);
    expect(audio).toContain('a=rtpmap:111 opus/48000/2');
    expect(video).toContain('a=rtpmap:96 H264/90000');
    expect(video).toContain('a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
    for (const section of [audio, video]) {
      expect(section).toContain('a=sendonly');
      expect(section).toMatch(/^a=ssrc:\d+ cname:capture/m);
    }
    // All of them: a capture does not trickle.
    expect(peer.offer).toMatch(/^a=candidate:.*typ host/m);
  });

  it('offers only the tracks of its source', async () => {
    await started('video');
    expect(sections().map((section) => section.split(' ', 1)[0])).toEqual(['video']);
  });

  it('sends all packets in their order, with SSRCs of its own, also those from before it was connected', async () => {
    const publication = await started('audio', 'video');
    for (let sequence = 1; sequence <= 20; sequence++) send(publication, 'video', sequence);
    await until('it is connected', () => peer.state === 'connected');
    for (let sequence = 21; sequence <= 40; sequence++) {
      send(publication, 'video', sequence);
      send(publication, 'audio', sequence);
    }
    await until('all have arrived', () => peer.received.length === 60);
    const texts = (kind: TrackKind) =>
      peer.received.filter(({ payloadType }) => payloadType === PAYLOAD_TYPES[kind]).map(({ text }) => text);
    const expected = (kind: TrackKind, first: number) =>
      Array.from({ length: 41 - first }, (_, index) => `${kind} ${first + index}`);
    expect(texts('video')).toEqual(expected('video', 1));
    expect(texts('audio')).toEqual(expected('audio', 21));
    const ssrcs = [...new Set(peer.received.map(({ payloadType, ssrc }) => `${payloadType} ${ssrc}`))];
    const offered = sections().map((section) => {
      const [, type = ''] = /^a=rtpmap:(96|111) /m.exec(section) ?? [];
      return `${type} ${/^a=ssrc:(\d+)/m.exec(section)?.[1]}`;
    });
    expect(ssrcs.toSorted()).toEqual(offered.toSorted());
  });

  it('says once a second when its packets are presented', async () => {
    const publication = await started('video');
    let sequence = 0;
    await until('its track is open', () => {
      send(publication, 'video', ++sequence);
      return presented.length > 0;
    });
    for (let packets = 0; packets < 5; packets++) {
      await clock.advance(400);
      send(publication, 'video', ++sequence);
    }
    expect(presented).toEqual([0, 1_200]);
  });

  it('answers a media server that tells its time', async () => {
    const publication = await started('video');
    await until('its track is open', () => {
      send(publication, 'video', 1);
      return peer.received.length > 0;
    });
    await until('it answers', () => {
      peer.tellTime();
      return peer.answers.length > 0;
    });
    const [answer = Buffer.alloc(0)] = peer.answers;
    expect(answer.readUInt32BE(12)).toBe(peer.received[0]?.ssrc);
    expect(answer.readUInt32BE(16)).toBe(0xbbbbcccc);
  });

  it('goes on with its reports while no packets come, until it is closed', async () => {
    const publication = await started('video');
    await until('its track is open', () => {
      send(publication, 'video', 1);
      return presented.length > 0;
    });
    await clock.advance(16_000);
    expect(presented).toEqual([0, 5_000, 10_000, 15_000]);
    await publication.close();
    expect(clock.pending).toBe(0);
  });

  it('knows its id, and tells when its media server drains and why it has ended', async () => {
    const publication = await started('video');
    expect(publication.mediaSessionId).toBe('');
    peer.listener?.onId('m1');
    peer.listener?.onDrain(true);
    expect([publication.mediaSessionId, told]).toEqual(['m1', [true]]);
    peer.end({ cause: 'keepalive', info: 'Terminated by keep-alive' });
    await until('it has ended', () => told.length === 2);
    expect(told[1]).toEqual({ cause: 'keepalive', info: 'Terminated by keep-alive' });
    send(publication, 'video', 1);
  });

  it('is removed when it is closed, and tells nothing after that', async () => {
    const publication = await started('video');
    await until('it is connected', () => peer.state === 'connected');
    await publication.close();
    expect(peer.removed).toEqual(['/gate/secret']);
    peer.end({ cause: 'client', info: 'Stopped by user' });
    await new Promise(setImmediate);
    expect(told).toEqual([]);
    send(publication, 'video', 1);
  });

  it('is none if the media server refuses it', async () => {
    peer.refusal = { kind: 'refused', status: 409, detail: 'in use', cause: null, retryAfterMs: null };
    expect(await start('video')).toBe(peer.refusal);
    expect(peer.removed).toEqual([]);
  });

  it('leaves no track behind, also if it is refused or not valid', async () => {
    const before = queryObjects(Track, { format: 'count' });
    for (let round = 0; round < 5; round++) {
      const accepted = await start('audio', 'video');
      if ('kind' in accepted) throw new Error(accepted.detail);
      await accepted.close();
      peer.refusal = { kind: 'refused', status: 409, detail: 'in use', cause: null, retryAfterMs: null };
      await start('audio', 'video');
      peer.refusal = null;
      peer.answer = 'v=0\r\nm=nonsense';
      await start('audio', 'video').catch(() => undefined);
      peer.close();
      peer = new Peer();
    }
    // Those of the last round may be in use yet.
    await until('they are gone', () => queryObjects(Track, { format: 'count' }) < before + 10);
  });

  it('is removed if its answer is not valid', async () => {
    peer.answer = 'v=0\r\nm=nonsense';
    await expect(start('video')).rejects.toThrow();
    expect([peer.removed, told]).toEqual([['/gate/secret'], []]);
  });
});
