import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Media } from '../../media-server/media/media.ts';
import { numberingOf } from '../../media-server/media/worker-binary.ts';
import type { Numbering } from '../../media-server/sdp/numbering.ts';
import { play, publish, request, startTestMedia, watchWorkers } from '../clients/media.ts';
import { Peer, type Received } from '../clients/peer.ts';
import { until } from '../harness/wait.ts';

const workers = watchWorkers();
let media: Media;
let peers: Peer[] = [];

function kept<T extends { peer: Peer }>(made: T): T {
  peers.push(made.peer);
  return made;
}

/** Sends until the player has received packets of each kind with these payload types, and no others. */
async function flows(from: Peer, to: Peer, expected: Readonly<Record<string, number>>): Promise<void> {
  await until(`packets of ${Object.keys(expected).join(' and ')}`, () => {
    from.send('hello');
    return Object.keys(expected).every((kind) => mediaOf(to).some((packet) => packet.kind === kind));
  });
  expect(Object.fromEntries(mediaOf(to).map(({ kind, payloadType }) => [kind, payloadType]))).toEqual(expected);
}

/** Without mediasoup's bandwidth probes. */
function mediaOf(peer: Peer): Received[] {
  return peer.received.filter(({ payload }) => payload.includes('hello'));
}

/** The official worker leaves the numbering to routers. */
const able = await numberingOf(process.env['MEDIASOUP_WORKER_BIN'] || null);
const numberings: readonly Numbering[] = able === 'worker' ? ['worker', 'router'] : ['router'];

describe.each(numberings)('players, numbered by the %s', (numbering) => {
  beforeAll(async () => {
    ({ media } = await startTestMedia({ numbering, workers: 2, spreadAt: 3 }));
  });

  afterEach(() => {
    for (const peer of peers) peer.close();
    peers = [];
  });

  afterAll(() => media.close());

  it('receive what is published, with the payload types of their own offers', async () => {
    const { peer, publication } = kept(await publish(media, { opus: 111, vp8: 96 }));
    const same = kept(await play(media, publication, { opus: 111, vp8: 96 }));
    const other = kept(await play(media, publication, { opus: 96, vp8: 120 }));
    await flows(peer, same.peer, { audio: 111, video: 96 });
    await flows(peer, other.peer, { audio: 96, video: 120 });
    expect([publication, other.playback].map((leg) => [leg.audioCodec, leg.videoCodec, leg.transport()])).toEqual([
      ['opus', 'VP8', 'UDP'],
      ['opus', 'VP8', 'UDP'],
    ]);
    await Promise.all([publication.close(), same.playback.close(), other.playback.close()]);
  });

  it('receive it from another worker when that of the publication is busier', async () => {
    const { peer, publication } = kept(await publish(media));
    const players = [];
    for (let index = 0; index < 4; index++) players.push(kept(await play(media, publication, { opus: 100, vp8: 101 })));
    expect((await media.workers()).map(({ legs }) => legs)).toEqual([4, 1]);
    for (const player of players) await flows(peer, player.peer, { audio: 100, video: 101 });
    await Promise.all([...players.map(({ playback }) => playback.close()), publication.close()]);
  });

  it('receive only what they asked for', async () => {
    const { peer, publication } = kept(await publish(media));
    const audioOnly = kept(await play(media, publication, {}, { hasVideo: false }));
    const videoOffer = kept(await play(media, publication, { opus: null }));
    const otherNumbers = kept(await play(media, publication, { opus: null, vp8: 125 }));
    await flows(peer, audioOnly.peer, { audio: 111 });
    await flows(peer, videoOffer.peer, { video: 96 });
    await flows(peer, otherNumbers.peer, { video: 125 });
    expect([audioOnly.playback.videoCodec, videoOffer.playback.audioCodec]).toEqual(['', '']);
    await Promise.all([audioOnly, videoOffer, otherNumbers].map(({ playback }) => playback.close()));
    await publication.close();
  });

  it('are limited by their own bitrate or that of the publication', async () => {
    const { peer, publication } = kept(await publish(media, {}, { maxBitrate: 2_000_000 }));
    const player = kept(await play(media, publication, {}, { maxBitrate: 300_000 }));
    expect(publication.answer).toContain('b=TIAS:2000000');
    expect(player.playback.answer).toContain('b=TIAS:300000');
    await flows(peer, player.peer, { audio: 111, video: 96 });
    await Promise.all([player.playback.close(), publication.close()]);
  });

  it('count their own packets', async () => {
    const { peer, publication } = kept(await publish(media, { vp8: null }));
    const { peer: player, playback } = kept(await play(media, publication, { vp8: null }));
    await flows(peer, player, { audio: 111 });
    await until('both have counted', async () => (await playback.metrics()).packets > 0);
    const [sent, received] = [await playback.metrics(), await publication.metrics()];
    expect(sent.packets).toBeLessThanOrEqual(received.packets);
    expect(sent.bytes).toBeGreaterThan(0);
    await Promise.all([playback.close(), publication.close()]);
  });

  it('end together and leave nothing in the workers', async () => {
    const before = await workers.count();
    for (let round = 0; round < 5; round++) {
      const { peer, publication } = await publish(media);
      const players = [];
      for (let index = 0; index < 5; index++)
        players.push(await play(media, publication, { opus: 100 + round, vp8: 96 }));
      await publication.close();
      await Promise.all(players.map(({ playback }) => playback.close()));
      for (const one of [peer, ...players.map((player) => player.peer)]) one.close();
    }
    expect((await media.workers()).map(({ legs }) => legs)).toEqual([0, 0]);
    const after = await workers.count();
    expect(after.routers).toBe(before.routers);
    // Only the pair of transports between the two workers stays; it is created once.
    expect(after.transports).toBeLessThanOrEqual(Math.max(before.transports, 2));
  });

  it('leave nothing when their offer is refused half way', async () => {
    const { peer, publication } = await publish(media);
    const before = await workers.count();
    const offer = await new Peer({ direction: 'SendOnly' }).offer();
    await expect(media.play({ ...request(offer), publication })).rejects.toThrow('no enabled m-line that receives');
    await publication.close();
    const late = new Peer({ direction: 'RecvOnly', opus: 102, vp8: 103 });
    await expect(media.play({ ...request(await late.offer()), publication })).rejects.toThrow();
    late.close();
    peer.close();
    expect((await workers.count()).transports).toBe(before.transports - 1);
    expect((await media.workers()).reduce((sum, { legs }) => sum + legs, 0)).toBe(0);
  });
});
