import { extractRtpCapabilities } from 'mediasoup-client/handlers/sdp/commonUtils';
import { getExtendedRtpCapabilities } from 'mediasoup-client/ortc';
import type { RtpCapabilities, RtpCodecCapability } from 'mediasoup-client/types';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { OfferError } from './offer-error.ts';

export type Match = ReturnType<typeof getExtendedRtpCapabilities>;

/**
 * This extension is left out so that simulcast can switch up: a client that lists it without having negotiated it keeps
 * a consumer on the lowest layer.
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

/** Prepares the codecs of an m-line for the match. */
export type Prepare = (codecs: RtpCodecCapability[]) => RtpCodecCapability[];

/** What one m-line of an offer and the given capabilities have in common, with the codecs in the order of `prepare`. */
export function matchSection(section: MediaDescription, capabilities: RtpCapabilities, prepare: Prepare): Match {
  try {
    const { codecs = [], headerExtensions = [] } = sectionCapabilities(section);
    // The match changes both.
    const offered = { codecs: prepare(codecs), headerExtensions };
    return getExtendedRtpCapabilities(offered, structuredClone(capabilities), true);
  } catch (error) {
    throw new OfferError('offer_invalid', 'the SDP offer is not valid: its codecs cannot be parsed', { cause: error });
  }
}

function sectionCapabilities(section: MediaDescription): RtpCapabilities {
  const { codecs = [], headerExtensions = [] } = extractRtpCapabilities({
    sdpObject: { ...EMPTY, media: [section] },
  });
  return {
    codecs: codecs.map(withChannels).map(withStringProfile),
    headerExtensions: headerExtensions.filter(
      ({ preferredId, uri }) => uri !== ABS_CAPTURE_TIME && preferredId >= 1 && preferredId <= MAX_EXTENSION_ID,
    ),
  };
}

/** Audio codecs of a router have a number of channels; an a=rtpmap may omit a single channel (RFC 8866 §6.6). */
function withChannels(codec: RtpCodecCapability): RtpCodecCapability {
  return codec.kind === 'audio' ? { ...codec, channels: codec.channels ?? 1 } : codec;
}

/** The parser reads `profile-level-id=420010` as a number. */
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
