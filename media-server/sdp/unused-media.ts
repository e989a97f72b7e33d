import type { UnusedSection } from './answer.ts';
import type { Offer } from './offer.ts';
import type { OfferedMedia } from './offered-media.ts';

/** How to answer an unused m-line. */
export function unusedSection(offer: Offer, media: OfferedMedia): UnusedSection {
  return { kind: fitsBundle(offer, media) ? 'inactive' : 'rejected', media };
}

/** True for enabled audio and video in the same BUNDLE, with its own mid. */
function fitsBundle({ bundle, media: all, tagged }: Offer, { enabled, kind, mid }: OfferedMedia): boolean {
  if (kind === null || !enabled || !bundle.has(tagged.mid) || !bundle.has(mid)) return false;
  return all.filter((other) => other.mid === mid).length === 1;
}
