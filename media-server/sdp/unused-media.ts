import type { UnusedSection } from './answer.ts';
import type { Offer } from './offer.ts';
import type { OfferedMedia } from './offered-media.ts';

/** How an m-line is answered over which nothing is sent. */
export function unusedSection(offer: Offer, media: OfferedMedia): UnusedSection {
  return { kind: fitsBundle(offer, media) ? 'inactive' : 'rejected', media };
}

/** Audio and video that is switched on, in the same BUNDLE, under a mid of its own. */
function fitsBundle({ bundle, media: all, tagged }: Offer, { enabled, kind, mid }: OfferedMedia): boolean {
  if (kind === null || !enabled || !bundle.has(tagged.mid) || !bundle.has(mid)) return false;
  return all.filter((other) => other.mid === mid).length === 1;
}
