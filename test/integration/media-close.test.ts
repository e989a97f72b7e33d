import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Media } from '../../media-server/media/media.ts';
import { play, publish, publishThroughRelay, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import { DTLS_ALERT } from '../clients/relay.ts';
import { until } from '../harness/wait.ts';

let media: Media;
beforeAll(async () => {
  ({ media } = await startTestMedia());
});
afterAll(() => media.close());

/** Takes a second on an idle machine (`make bench`); a client that misses its alerts takes 30. */
const AT_ONCE_MS = 3_000;

/** Milliseconds from the given moment until each peer noticed, if it did. */
function knownAfter(peers: readonly Peer[], began: number): (number | null)[] {
  return peers.map(({ states }) => {
    const change = states.find(({ at, state }) => at > began && state !== 'connected');
    return change ? change.at - began : null;
  });
}

describe('closing', () => {
  it('of many streams notifies every client at once, under load', async () => {
    const { peer, publication } = await publish(media);
    const players = [];
    for (let index = 0; index < 100; index++) players.push(await play(media, publication));
    const peers = players.map((player) => player.peer);
    await until('media flows', () => {
      peer.send('x'.repeat(1100));
      return peers.every(({ received }) => received.length > 5);
    });

    const began = performance.now();
    await Promise.all([publication.close(), ...players.map(({ playback }) => playback.close())]);
    await until('all of them know', () => knownAfter([peer, ...peers], began).every((known) => known !== null));
    expect(Math.max(...knownAfter([peer, ...peers], began).map((known) => known ?? Infinity))).toBeLessThan(AT_ONCE_MS);
    for (const one of [peer, ...peers]) one.close();
  });

  it('reaches clients that lost the first two close alerts just as fast', async () => {
    const lossy = await Promise.all(Array.from({ length: 20 }, () => lossyPublication(2)));
    const peers = lossy.map(({ peer }) => peer);

    const began = performance.now();
    await Promise.all(lossy.map(({ publication }) => publication.close()));
    await until('all of them know', () => knownAfter(peers, began).every((known) => known !== null));
    expect(Math.max(...knownAfter(peers, began).map((known) => known ?? Infinity))).toBeLessThan(AT_ONCE_MS);
    expect(lossy.map(({ lost }) => lost())).toEqual(lossy.map(() => 2));
    for (const { peer, relay } of lossy) {
      peer.close();
      relay.close();
    }
  });
});

/** A publication that loses this many close alerts. */
async function lossyPublication(losses: number) {
  let lost = 0;
  const publication = await publishThroughRelay(media, (datagram) => {
    if (datagram[0] !== DTLS_ALERT || lost >= losses) return false;
    lost++;
    return true;
  });
  // libdatachannel forgets a close alert that arrives while it becomes connected.
  await sleep(200);
  return { ...publication, lost: () => lost };
}
