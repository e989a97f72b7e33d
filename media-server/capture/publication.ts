import { randomInt } from 'node:crypto';
import { addAbortListener } from 'node:events';
import { Audio, PeerConnection, RtcpNackResponder, type Track, Video } from 'node-datachannel';
import type { Clock, Timer } from '../../process/clock.ts';
import type { EventListener, PublicationEnd, PublishClient, Refusal } from './publish-client.ts';
import { CNAME, senderReport, timeAnswer } from './rtcp.ts';
import { PAYLOAD_TYPES, type TrackKind } from './tracks.ts';

/**
 * Constrained Baseline 3.1 is what every player offers. Chromium decodes Main and High all the same, and has no other
 * profile to answer with.
 */
const H264_PROFILE = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';
/** Packets of a track that a media server can ask for again (RFC 4585). */
const REPEATABLE = 512;
/** Packets that wait for the connection: those of a quarter of a second at 20 Mbit/s. */
const WAITING = 512;

/** The routes of the media server that a publication is started on. */
export type PublicationClient = Pick<PublishClient, 'follow' | 'post' | 'remove'>;

/** Without contributing sources and extensions. */
const RTP_HEADER_BYTES = 12;
/** Players put sound and picture together with the first reports of both. */
const REPORT_MS = 1_000;
/** A media server takes a client that has sent nothing for 15 s for gone, whatever its source does. */
const SIGN_OF_LIFE_MS = 5_000;

/** The capture of a publication. */
export type PublicationListener = Omit<EventListener, 'onId'> & {
  /** Called once, unless the publication was closed before. */
  onEnded(end: PublicationEnd): void;
  /** The timestamp of a packet that would be presented now. */
  presentedNow(kind: TrackKind): number;
};

type Sender = {
  readonly track: Track;
  readonly ssrc: number;
  packets: number;
  octets: number;
  /** When the last sender report was sent. */
  reportedAt: number;
};

export type PublicationDeps = {
  readonly client: PublicationClient;
  readonly kinds: readonly TrackKind[];
  readonly listener: PublicationListener;
  readonly clock: Pick<Clock, 'now' | 'setTimeout'>;
};

/** A capture's publication on a media server, by WHIP (RFC 9725). */
export class Publication {
  readonly #connection: PeerConnection;
  /** Keeps references: a track that is garbage-collected stops silently. */
  readonly #senders = new Map<TrackKind, Sender>();
  readonly #waiting: { readonly kind: TrackKind; readonly packet: Buffer }[] = [];
  readonly #over = new AbortController();
  readonly #client: PublicationClient;
  readonly #listener: PublicationListener;
  readonly #clock: PublicationDeps['clock'];
  #location: string | null = null;
  #mediaSessionId = '';
  #isClosing = false;
  #signOfLife: Timer | null = null;

  private constructor({ client, clock, kinds, listener }: PublicationDeps) {
    this.#client = client;
    this.#listener = listener;
    this.#clock = clock;
    this.#connection = new PeerConnection('capture', {
      iceServers: [],
      disableAutoNegotiation: true,
    });
    for (const kind of kinds) this.#senders.set(kind, addTrack(this.#connection, kind));
  }

  /**
   * Offers these tracks to a media server. A `Refusal` is its answer if it takes no stream. Rejects if it does not
   * answer before the signal.
   */
  static async start(deps: PublicationDeps, signal: AbortSignal): Promise<Publication | Refusal> {
    const publication = new Publication(deps);
    try {
      const outcome = await deps.client.post(await publication.#offer(signal), signal);
      if (outcome.kind === 'refused') {
        publication.#disconnect();
        return outcome;
      }
      publication.#location = outcome.location;
      publication.#connection.setRemoteDescription(outcome.answer, 'answer');
      publication.#follow(outcome.location);
      publication.#showLife();
      return publication;
    } catch (error) {
      await publication.close();
      throw error;
    }
  }

  /** The id of the stream; empty until the media server has told it. */
  get mediaSessionId(): string {
    return this.#mediaSessionId;
  }

  /** Sends a packet. Its numbers must go on from those of the packet before it; its SSRC is replaced. */
  send(kind: TrackKind, packet: Buffer): void {
    const sender = this.#senders.get(kind);
    if (!sender) return;
    if (!sender.track.isOpen()) {
      // The packet is valid during the call only.
      if (this.#waiting.length < WAITING) this.#waiting.push({ kind, packet: Buffer.from(packet) });
      return;
    }
    for (const early of this.#waiting.splice(0)) this.#send(early.kind, early.packet);
    this.#send(kind, packet);
  }

  /** Ends the publication as its client's wish (DELETE). Resolves when the media server has answered or cannot. */
  async close(): Promise<void> {
    this.#isClosing = true;
    // First, so that the stream ends by its client's wish and not because the program is gone.
    if (this.#location !== null) await this.#client.remove(this.#location);
    this.#over.abort();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#signOfLife?.cancel();
    // Until a track is closed, its listener keeps it in memory.
    for (const { track } of this.#senders.values()) track.close();
    this.#connection.close();
  }

  /** Goes on with reports while no media comes, so that viewers stay until the source is back. */
  #showLife(): void {
    this.#signOfLife = this.#clock.setTimeout(() => {
      for (const [kind, sender] of this.#senders) this.#report(kind, sender);
      this.#showLife();
    }, SIGN_OF_LIFE_MS);
  }

  #send(kind: TrackKind, packet: Buffer): void {
    const sender = this.#senders.get(kind);
    if (!sender) return;
    packet.writeUInt32BE(sender.ssrc, 8);
    if (!write(sender, packet)) return;
    sender.packets += 1;
    sender.octets += packet.length - RTP_HEADER_BYTES;
    this.#report(kind, sender);
  }

  /** Says which packet is presented now, so that players know how late each track is. */
  #report(kind: TrackKind, sender: Sender): void {
    const ms = this.#clock.now();
    if (sender.packets === 0 || Math.abs(ms - sender.reportedAt) < REPORT_MS) return;
    sender.reportedAt = ms;
    const { octets, packets, ssrc } = sender;
    const timestamp = this.#listener.presentedNow(kind);
    write(sender, senderReport({ ssrc, ms, timestamp, packets, octets }));
  }

  async #offer(signal: AbortSignal): Promise<string> {
    const { promise: gathered, reject, resolve } = Promise.withResolvers<void>();
    using _ = addAbortListener(signal, () => reject(signal.reason));
    this.#connection.onGatheringStateChange((state) => {
      if (state === 'complete') resolve();
    });
    this.#connection.setLocalDescription('offer');
    await gathered;
    return this.#connection.localDescription()?.sdp ?? '';
  }

  #follow(location: string): void {
    const { onDrain, onEnded, onPlayed } = this.#listener;
    const onId = (id: string): void => {
      this.#mediaSessionId = id;
    };
    void this.#client.follow(location, this.#over.signal, { onId, onDrain, onPlayed }).then((end) => {
      if (this.#isClosing) return;
      this.#disconnect();
      onEnded(end);
    });
  }
}

/** False if the track is closed. Another thread closes it, so that it may happen at any time. */
function write({ track }: Sender, packet: Buffer): boolean {
  try {
    return track.isOpen() && track.sendMessageBinary(packet);
  } catch {
    return false;
  }
}

function addTrack(connection: PeerConnection, kind: TrackKind): Sender {
  const ssrc = randomInt(1, 2 ** 31);
  const media = kind === 'video' ? new Video(kind, 'SendOnly') : new Audio(kind, 'SendOnly');
  if (media instanceof Video) media.addH264Codec(PAYLOAD_TYPES.video, H264_PROFILE);
  else media.addOpusCodec(PAYLOAD_TYPES.audio);
  media.addSSRC(ssrc, CNAME, 'capture', kind);
  const track = connection.addTrack(media);
  track.setMediaHandler(new RtcpNackResponder(REPEATABLE));
  const sender = { track, ssrc, packets: 0, octets: 0, reportedAt: 0 };
  // A media server that knows how far the track is asks for lost packets again as soon as it makes sense.
  track.onMessage((rtcp) => {
    const answer = timeAnswer(rtcp, ssrc);
    if (answer) write(sender, answer);
  });
  return sender;
}
