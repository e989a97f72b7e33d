import { kill } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { type Media, MediaUnavailable, type Publication } from '../../media-server/media/media.ts';
import { EDGE, fastClock, HOLDER, pipe, play, publish, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import { until } from '../harness/wait.ts';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(...options: Parameters<typeof startTestMedia>): Promise<Media> {
  const { media } = await startTestMedia(...options);
  closing.push(() => media.close());
  return media;
}

/** Publishes, and sends packets until the test is over. */
async function live(media: Media): Promise<Publication> {
  const { peer, publication } = await publish(media);
  const sending = setInterval(() => peer.send('hello'), 20);
  closing.push(() => clearInterval(sending));
  closing.push(() => peer.close());
  return publication;
}

const heard = ({ received }: Peer, kind: 'audio' | 'video') =>
  received.some((packet) => packet.kind === kind && packet.payload.toString().endsWith('hello'));

describe('a pipe between two media servers', () => {
  it('carries the packets of a publication', async () => {
    const [holder, edge] = [await start(), await start()];
    const { piped } = await pipe(holder, edge, await live(holder));
    const { peer, playback } = await play(edge, piped);
    await until('audio and video arrive', () => heard(peer, 'audio') && heard(peer, 'video'));
    expect([playback.audioCodec, playback.videoCodec]).toEqual(['opus', 'VP8']);
    peer.close();
  });

  it('shares transports with other publications between the same workers, until the last one', async () => {
    const [holder, edge] = [await start(), await start()];
    const first = await pipe(holder, edge, await live(holder));
    const second = await pipe(holder, edge, await live(holder));
    expect([first.isShared, second.isShared, second.transport]).toEqual([false, true, first.transport]);
    first.close();
    const { peer } = await play(edge, second.piped);
    await until('packets arrive', () => heard(peer, 'video'));
    peer.close();
    second.close();
    expect(await pipe(holder, edge, await live(holder))).toMatchObject({ isShared: false });
  });

  it('reports that all of its ports are in use', async () => {
    const [holder, edge] = [await start(), await start({ pipePorts: { port: 19_100, endPort: 19_100 } })];
    await pipe(holder, edge, await live(holder));
    const other = await start();
    await expect(pipe(other, edge, await live(other))).rejects.toThrow(
      new MediaUnavailable('a pipe to another pod needs a free UDP port from 19100 to 19100 (spec.media.pipePorts)'),
    );
  });

  it('reports that no packet arrives, also if packets have another key', async () => {
    const [holder, edge] = [await start(), await start({}, fastClock(5))];
    const publication = await live(holder);
    for (const wrongKey of [null, Buffer.alloc(44, 1).toString('base64')]) {
      const receiving = edge.receive(HOLDER);
      const sending = await holder.send({ publication, to: EDGE, shared: [] });
      const { end: other } = sending.offer;
      const end = await receiving.accept({ ...sending.offer, end: { ...other, key: wrongKey ?? other.key } });
      if (end && wrongKey) await sending.connect(end);
      await expect(receiving.arrived()).rejects.toThrow(
        'no packets arrive from the other pod; UDP ports 45000 to 45999 must be open between pods',
      );
      receiving.close();
      sending.close();
    }
  });

  it('tells when its worker dies', async () => {
    const [holder, edge] = [await start(), await start()];
    const { piped } = await pipe(holder, edge, await live(holder));
    const lost = new Promise<void>((resolve) => piped.onLost(resolve));
    const [worker] = await edge.workers();
    kill(worker?.pid ?? 0, 'SIGKILL');
    await lost;
  });
});
