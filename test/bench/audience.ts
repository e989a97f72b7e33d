import { setTimeout as sleep } from 'node:timers/promises';
import type { Media, MediaOptions } from '../../media-server/media/media.ts';
import { play, publish, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import { sendFrames } from './frames.ts';

type Players = Awaited<ReturnType<typeof play>>[];

/** A publisher and its players, in this process, with a worker of their own. */
export class Audience {
  readonly media: Media;
  readonly #publisher: Peer;
  readonly #players: Players;

  private constructor(media: Media, publisher: Peer, players: Players) {
    this.media = media;
    this.#publisher = publisher;
    this.#players = players;
  }

  static async gather(options: Partial<MediaOptions>, count: number): Promise<Audience> {
    const { media } = await startTestMedia(options);
    const { peer, publication } = await publish(media);
    const players: Players = [];
    for (let index = 0; index < count; index++) players.push(await play(media, publication));
    return new Audience(media, peer, players);
  }

  /** Packets that have been sent to all players so far. */
  async packets(): Promise<number> {
    const metrics = await Promise.all(this.#players.map(({ playback }) => playback.metrics()));
    return metrics.reduce((total, each) => total + each.packets, 0);
  }

  /** Sends 30 frames of so many packets a second. Returns how long each took to each player, in milliseconds. */
  async send(packets: number, ms: number): Promise<number[]> {
    const delays: number[] = [];
    const sent = new Map<number, number>();
    for (const { peer } of this.#players) {
      peer.onLast = (timestamp) => {
        const sentAt = sent.get(timestamp);
        if (sentAt !== undefined) delays.push(performance.now() - sentAt);
      };
    }
    await sendFrames(this.#publisher, {
      packets,
      framesPerSecond: 30,
      ms,
      onTick: () => {
        for (const { peer } of this.#players) peer.received.length = 0;
      },
      onFrame: (timestamp, sentAt) => sent.set(timestamp, sentAt),
    });
    await sleep(200);
    return delays;
  }

  async close(): Promise<void> {
    for (const peer of [this.#publisher, ...this.#players.map((player) => player.peer)]) peer.close();
    await this.media.close();
  }
}
