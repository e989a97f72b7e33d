import { extractRtpCapabilities } from 'mediasoup-client/handlers/sdp/commonUtils';
import { getExtendedRtpCapabilities } from 'mediasoup-client/ortc';
import type { RtpCapabilities, RtpCodecCapability } from 'mediasoup-client/types';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { OfferError } from './offer-error.ts';

export type Match = ReturnType<typeof getExtendedRtpCapabilities>;

/**
 * Leaving this out is what keeps simulcast going up: a client that lists it without having negotiated it keeps a
 * consumer on the lowest layer.
 */
const ABS_CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

/** A client's one-byte header extension ids (RFC 8285 §4.2). */
const MAX_EXTENSION_ID = 14;

const EMPTY: SessionDescription = {
  version: 0,
  origin: {
    username: '-',
    sessionId: 0,
    sessionVersion: 0,
    netType: 'IN',
    ipVer: 4,
    address: '0.0.0.0',
  },
  name: '-',
  timing: { start: 0, stop: 0 },
  media: [],
};

/** What one m-line of an offer and the given capabilities have in common, in the order of the offer. */
export function matchSection(section: MediaDescription, capabilities: RtpCapabilities): Match {
  try {
    // Both are changed by the match.
    return getExtendedRtpCapabilities(sectionCapabilities(section), structuredClone(capabilities), true);
  } catch (error) {
    throw new OfferError('offer_invalid', 'the SDP offer is not valid: its codecs cannot be read', { cause: error });
  }
}

function sectionCapabilities(section: MediaDescription): RtpCapabilities {
  const { codecs = [], headerExtensions = [] } = extractRtpCapabilities({
    sdpObject: { ...EMPTY, media: [section] },
  });
  return {
    codecs: constrainedBaselineFirst(codecs.map(withStringProfile)),
    headerExtensions: headerExtensions.filter(
      ({ preferredId, uri }) => uri !== ABS_CAPTURE_TIME && preferredId >= 1 && preferredId <= MAX_EXTENSION_ID,
    ),
  };
}

/** `profile-level-id=420010` is read as a number. */
function withStringProfile(codec: RtpCodecCapability): RtpCodecCapability {
  const profile = codec.parameters?.['profile-level-id'];
  if (profile === undefined) return codec;
  return {
    ...codec,
    parameters: {
      ...codec.parameters,
      'profile-level-id': String(profile).padStart(6, '0'),
    },
  };
}

/** Among the H264 entries, the one that every player decodes goes first; all other codecs keep their places. */
function constrainedBaselineFirst(codecs: RtpCodecCapability[]): RtpCodecCapability[] {
  const h264 = codecs.filter(isH264).sort((a, b) => baselineRank(a) - baselineRank(b));
  return codecs.map((codec) => (isH264(codec) ? (h264.shift() ?? codec) : codec));
}

function isH264(codec: RtpCodecCapability): boolean {
  return codec.mimeType.toLowerCase() === 'video/h264';
}

function baselineRank(codec: RtpCodecCapability): number {
  const constrained = /^42e0/i.test(String(codec.parameters?.['profile-level-id'] ?? ''));
  return (constrained ? 0 : 2) + (codec.parameters?.['packetization-mode'] === 1 ? 0 : 1);
}
