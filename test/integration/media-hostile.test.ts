import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Media, Publication } from '../../media-server/media/media.ts';
import { numberingOf } from '../../media-server/media/worker-binary.ts';
import type { Numbering } from '../../media-server/sdp/numbering.ts';
import { OfferError } from '../../media-server/sdp/offer-error.ts';
import { publish, request, startTestMedia } from '../clients/media.ts';
import type { Peer } from '../clients/peer.ts';
import { CLIENTS, savedOffer } from '../fixtures/sdp/offers.ts';

const able = await numberingOf(process.env['MEDIASOUP_WORKER_BIN'] || null);
const numberings: readonly Numbering[] = able === 'worker' ? ['worker', 'router'] : ['router'];

/** Numbers and words for places where a client may write anything. */
const ATTRIBUTES =
  /(?<=a=(?:rtpmap|fmtp|rtcp-fb|extmap|ssrc|ssrc-group|rid|simulcast|mid|setup|group|fingerprint)\S*[: ;=])[\w-]+/g;

const damaged = fc
  .tuple(
    fc.constantFrom(...CLIENTS.flatMap((client) => [`${client}-publish`, `${client}-play`]), 'chromium-simulcast'),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('0', '1', '15', '96', '111', '127', '255', '-1', '4294967296', 'x', 'apt', '', 'VP8'),
      ),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([name, damages]) => {
    let offer = savedOffer(name);
    for (const [position, text] of damages) {
      const places = [...offer.matchAll(ATTRIBUTES)];
      const place = places[position % places.length];
      if (place) offer = offer.slice(0, place.index) + text + offer.slice(place.index + place[0].length);
    }
    return offer;
  });

describe.each(numberings)('offers with damaged attributes, numbered by the %s', (numbering) => {
  let media: Media;
  let publication: Publication;
  let peer: Peer;
  let deaths: () => number;

  beforeAll(async () => {
    ({ deaths, media } = await startTestMedia({ numbering }));
    ({ peer, publication } = await publish(media));
  });
  afterAll(async () => {
    peer.close();
    await media.close();
  });

  async function opened(offer: string): Promise<void> {
    for (const open of [() => media.publish(request(offer)), () => media.play({ ...request(offer), publication })]) {
      try {
        const leg = await open();
        await leg.close();
      } catch (error) {
        if (!(error instanceof OfferError)) throw error;
      }
    }
  }

  it('are answered or refused with an OfferError, and no worker or transport is lost', async () => {
    await fc.assert(fc.asyncProperty(damaged, opened), { numRuns: 400 });
    expect(deaths()).toBe(0);
    expect((await media.workers()).map(({ legs }) => legs)).toEqual([1]);
  });
});
