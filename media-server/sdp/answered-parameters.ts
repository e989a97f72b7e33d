import type { MediaDescription } from 'sdp-transform';

export type Parameters = Readonly<Record<string, string>>;

/**
 * The fmtp parameters that an answer repeats as offered, by codec. Opus: RFC 7587 §6.1. H264: this server limits no
 * level, so each side keeps its own (RFC 6184 §8.2.2). Parameters that describe the client's own stream or decoder are
 * left out.
 */
const REPEATED: Readonly<Record<string, readonly string[]>> = {
  opus: ['minptime', 'useinbandfec', 'usedtx', 'cbr', 'stereo', 'sprop-stereo', 'maxaveragebitrate', 'maxplaybackrate'],
  h264: ['level-asymmetry-allowed', 'packetization-mode', 'profile-level-id'],
  vp9: ['profile-id'],
  av1: ['level-idx', 'profile', 'tier'],
};

/** One format of an offer; `codec` in lower case. */
export type OfferedFormat = {
  readonly section: MediaDescription;
  readonly payloadType: number;
  readonly codec: string;
};

/** The parameters in the answer to a publisher. */
export function publishParameters(format: OfferedFormat): Parameters {
  const offered = repeated(format);
  if (format.codec !== 'opus') return offered;
  // A publisher that announces stereo is asked for it: Chromium sends mono unless the answer has stereo=1.
  const stereo = offered['sprop-stereo'] === '1' ? { stereo: '1' } : {};
  const wished = { useinbandfec: '1', ...stereo };
  // Offered parameters take precedence and come first.
  return { ...offered, ...wished, ...offered };
}

/** The parameters in the answer to a player of a track that was published with the given ones. */
export function playParameters(format: OfferedFormat, published: Readonly<Record<string, unknown>> = {}): Parameters {
  const offered = repeated(format);
  if (format.codec !== 'opus') return offered;
  const { 'sprop-stereo': _, ...kept } = offered;
  const stereo = [published['stereo'], published['sprop-stereo']].some((value) => String(value) === '1');
  return stereo ? { ...kept, 'sprop-stereo': '1' } : kept;
}

function repeated({ codec, payloadType, section }: OfferedFormat): Parameters {
  const names = REPEATED[codec] ?? [];
  const config = section.fmtp.find(({ payload }) => payload === payloadType)?.config ?? '';
  const entries = String(config)
    .split(';')
    .map((parameter) => parameter.trim().split('=', 2))
    .filter((entry): entry is [string, string] => entry.length === 2 && names.includes(entry[0] ?? ''));
  return Object.fromEntries(entries);
}
