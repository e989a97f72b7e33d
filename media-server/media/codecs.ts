import type {
  RtpCapabilities as RouterCapabilities,
  RtpParameters as RouterParameters,
  RouterRtpCodecCapability,
} from 'mediasoup/types';
import type { RtpCapabilities, RtpHeaderExtensionUri, RtpParameters } from 'mediasoup-client/types';
import { CODECS as API_CODECS, type Codec } from '../../crds/schema/server-config.ts';

const video = (
  name: string,
  preferredPayloadType: number,
  parameters: Record<string, unknown> = {},
): RouterRtpCodecCapability => ({
  kind: 'video',
  mimeType: `video/${name}`,
  clockRate: 90000,
  preferredPayloadType,
  parameters,
});

const h264 = (
  preferredPayloadType: number,
  profileLevelId: string,
  packetizationMode: 0 | 1,
): RouterRtpCodecCapability =>
  video('H264', preferredPayloadType, {
    'packetization-mode': packetizationMode,
    'profile-level-id': profileLevelId,
    'level-asymmetry-allowed': 1,
  });

/** Codecs with static payload types (RFC 3551 §6). */
const telephony = (name: string, preferredPayloadType: number): RouterRtpCodecCapability => ({
  kind: 'audio',
  mimeType: `audio/${name}`,
  clockRate: 8000,
  channels: 1,
  preferredPayloadType,
});

const opus: RouterRtpCodecCapability = {
  kind: 'audio',
  mimeType: 'audio/opus',
  clockRate: 48000,
  channels: 2,
  preferredPayloadType: 111,
  parameters: { useinbandfec: 1 },
};

/**
 * The codecs that a router can forward, by their names in the API. H264 has both packetization modes of constrained
 * baseline, baseline, main, high, constrained high and predictive high 4:4:4. Common codecs have the payload types of
 * Chromium's offers, so that most players need no other router where routers do the numbering. mediasoup gives RTX the
 * first free payload types from 100, so no other codec uses those.
 */
const CODECS: Readonly<Record<Codec, readonly RouterRtpCodecCapability[]>> = {
  opus: [opus],
  PCMU: [telephony('PCMU', 0)],
  PCMA: [telephony('PCMA', 8)],
  G722: [telephony('G722', 9)],
  VP8: [video('VP8', 96)],
  VP9: [video('VP9', 98, { 'profile-id': 0 }), video('VP9', 35, { 'profile-id': 2 })],
  H264: [
    h264(108, '42e01f', 1),
    h264(114, '42e01f', 0),
    h264(36, '42001f', 1),
    h264(37, '42001f', 0),
    h264(116, '4d001f', 1),
    h264(39, '4d001f', 0),
    h264(38, '64001f', 1),
    h264(40, '64001f', 0),
    h264(41, '640c1f', 1),
    h264(42, '640c1f', 0),
    h264(43, 'f4001f', 1),
    h264(44, 'f4001f', 0),
  ],
  AV1: [video('AV1', 45)],
};

export function routerCodecs(codecs: readonly Codec[]): RouterRtpCodecCapability[] {
  return codecs.flatMap((codec) => CODECS[codec].map((capability) => structuredClone(capability)));
}

/**
 * Header extensions that are negotiated. Extensions that no client offers are left out, and so is abs-capture-time: a
 * client that lists it without having negotiated it keeps a simulcast consumer on the lowest layer.
 */
const NEGOTIATED: ReadonlySet<string> = new Set<RtpHeaderExtensionUri>([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
]);

type Extension = { readonly uri: string };

function isNegotiated<E extends Extension>(extension: E): extension is E & { uri: RtpHeaderExtensionUri } {
  return NEGOTIATED.has(extension.uri);
}

/** The capabilities of a router, in the types of the SDP module. */
export function negotiableCapabilities({ codecs = [], headerExtensions = [] }: RouterCapabilities): RtpCapabilities {
  return { codecs, headerExtensions: headerExtensions.filter(isNegotiated) };
}

/** Parameters of a producer or consumer, in the types of the SDP module. */
export function negotiableParameters({ headerExtensions = [], ...parameters }: RouterParameters): RtpParameters {
  return { ...parameters, headerExtensions: headerExtensions.filter(isNegotiated) };
}

/** The name of a codec in the API: `opus`, `VP8`, `H264`. */
export function apiName(codec: string): string {
  return API_CODECS.find((name) => name.toLowerCase() === codec.toLowerCase()) ?? codec;
}
