import { unprocessableOffer } from './offer-error.ts';
import type { MediaKind, OfferedMedia } from './offered-media.ts';

/** A publication is one MediaStream with at most one track of each kind (RFC 9725 §4.4.2). */
export function checkPublication(sent: readonly OfferedMedia[]): void {
  const kinds = new Set<MediaKind | null>();
  const streams = new Set<string>();
  for (const media of sent) {
    const { kind, mid } = media;
    if (kinds.has(kind)) {
      throw unprocessableOffer(`the m-line with a=mid:${mid} is a second ${kind} track; a publication has at most one`);
    }
    kinds.add(kind);
    for (const stream of streamsOf(media)) streams.add(stream);
    if (streams.size > 1) {
      throw unprocessableOffer(
        `the m-line with a=mid:${mid} belongs to a second MediaStream; a publication has at most one`,
      );
    }
  }
}

/** The ids of a=msid (RFC 8830 §2), or of a=ssrc from older clients; `-` is a track without a MediaStream. */
function streamsOf({ lines }: OfferedMedia): string[] {
  return lines
    .map((line) => /^a=(?:ssrc:\d+ )?msid:(\S+)/.exec(line)?.[1])
    .filter((id) => id !== undefined)
    .filter((id) => id !== '-');
}
