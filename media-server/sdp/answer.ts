import type { RtpCodecParameters, RtpHeaderExtensionParameters } from 'mediasoup-client/types';
import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';
import type { IceCredentials, Offer } from './offer.ts';
import type { OfferedMedia } from './offered-media.ts';

export type AnswerSection = AcceptedSection | UnusedSection;

/**
 * An unused m-line. `inactive` is part of the BUNDLE, since aiortc waits for the transport of a rejected m-line.
 * `rejected` is for m-lines that cannot be part of it.
 */
export type UnusedSection = { readonly kind: 'inactive' | 'rejected'; readonly media: OfferedMedia };

export type AcceptedSection = {
  readonly kind: 'accepted';
  readonly media: OfferedMedia;
  readonly direction: 'recvonly' | 'sendonly';
  /** With the offer's payload types. */
  readonly codecs: readonly RtpCodecParameters[];
  /** With the offer's ids. */
  readonly headerExtensions: readonly Pick<RtpHeaderExtensionParameters, 'id' | 'uri'>[];
  /** Simulcast layers that the server receives. */
  readonly rids: readonly string[];
  /** Bits per second; 0 = no limit. */
  readonly maxBitrate: number;
  /** What the server sends; absent when it receives. */
  readonly source?: {
    readonly ssrc: number;
    readonly rtxSsrc: number | undefined;
    readonly cname: string;
    readonly trackId: string;
  };
};

/** The server's ICE and DTLS parameters. */
export type ServerTransport = {
  /** `sess-id` of the o-line: a number that is new for each session (RFC 8866 §5.2). */
  readonly sessionId: number;
  readonly ice: IceCredentials;
  readonly candidates: readonly ServerCandidate[];
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
};

export type ServerCandidate = {
  readonly foundation: string;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
  readonly type: string;
  readonly tcpType?: string;
};

/** Writes the answer to an offer: sections in its order, its mids, one transport for all (BUNDLE). */
export function writeAnswer(offer: Offer, transport: ServerTransport, sections: readonly AnswerSection[]): string {
  const session: SessionDescription = {
    version: 0,
    origin: {
      username: '-',
      sessionId: transport.sessionId,
      sessionVersion: 1,
      netType: 'IN',
      ipVer: 4,
      address: '0.0.0.0',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    // Must be at session level, or Chromium never connects.
    icelite: 'ice-lite',
    ...(offer.session.extmapAllowMixed ? { extmapAllowMixed: 'extmap-allow-mixed' } : {}),
    ...bundleGroup(offer, sections),
    fingerprint: {
      type: transport.fingerprint.algorithm,
      hash: transport.fingerprint.value,
    },
    msidSemantic: { semantic: 'WMS', token: '*' },
    media: sections.map((section) =>
      section.kind === 'accepted' ? acceptedMedia(section, offer, transport) : unusedMedia(section, offer, transport),
    ),
  };
  return write(session);
}

/** The first mid names the m-line whose transport is used (RFC 8843 §7.3.1). */
function bundleGroup(
  { bundle, tagged }: Offer,
  sections: readonly AnswerSection[],
): Pick<SessionDescription, 'groups'> {
  if (!bundle.has(tagged.mid)) return {};
  const others = sections.filter(({ kind, media }) => kind !== 'rejected' && media !== tagged);
  return { groups: [{ type: 'BUNDLE', mids: [tagged, ...others.map(({ media }) => media)].map(midOf).join(' ') }] };
}

function midOf({ mid }: OfferedMedia): string {
  return mid;
}

/**
 * An unused m-line repeats all formats of the offer with their a=rtpmap: pion looks for each, aiortc for a known codec.
 * A rejected one has port 0 (RFC 3264 §6), and still has the transport, which aiortc reads from each m-line.
 */
function unusedMedia({ kind, media }: UnusedSection, offer: Offer, transport: ServerTransport): MediaDescription {
  const { section } = media;
  return {
    type: section.type,
    port: kind === 'rejected' ? 0 : 7,
    protocol: section.protocol,
    payloads: section.payloads || '0',
    connection: { version: 4, ip: '0.0.0.0' },
    ...(section.mid === undefined ? {} : { mid: media.mid }),
    direction: 'inactive',
    ...transportLines(offer, transport),
    ...(kind === 'inactive' ? candidateLines(transport) : {}),
    ...(media.kind === null ? { rtp: [], fmtp: [] } : { rtp: section.rtp, fmtp: section.fmtp, ...muxLines(media) }),
  };
}

function acceptedMedia(section: AcceptedSection, offer: Offer, transport: ServerTransport): MediaDescription {
  const { codecs, direction, headerExtensions, media } = section;
  return {
    type: media.section.type,
    port: 7,
    protocol: media.section.protocol,
    payloads: codecs.map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    ...bandwidthOf(section.maxBitrate),
    ...(media.section.mid === undefined ? {} : { mid: media.mid }),
    direction,
    ...transportLines(offer, transport),
    ...candidateLines(transport),
    ...muxLines(media),
    rtcpRsize: 'rtcp-rsize',
    rtp: codecs.map(rtpmapLine),
    fmtp: codecs.flatMap(fmtpLine),
    rtcpFb: codecs.flatMap(feedbackLines),
    ext: headerExtensions.map(({ id, uri }) => ({ value: id, uri })),
    ...simulcastLines(section.rids),
    ...sourceLines(section.source),
  };
}

type TransportLines = Pick<MediaDescription, 'setup' | 'iceUfrag' | 'icePwd'>;

function transportLines({ setup }: Offer, { ice }: ServerTransport): TransportLines {
  return {
    setup: setup === 'passive' ? 'active' : 'passive',
    iceUfrag: ice.usernameFragment,
    icePwd: ice.password,
  };
}

function candidateLines({ candidates }: ServerTransport): Pick<MediaDescription, 'candidates' | 'endOfCandidates'> {
  return { candidates: candidates.map(candidateLine), endOfCandidates: 'end-of-candidates' };
}

/** a=rtcp-mux-only is answered when it is offered (RFC 8858 §4.3). */
function muxLines({ lines }: OfferedMedia): Pick<MediaDescription, 'rtcpMux' | 'invalid'> {
  return {
    rtcpMux: 'rtcp-mux',
    // The parser reads it as a=rtcp-mux; it writes unknown attributes from this list.
    ...(lines.includes('a=rtcp-mux-only') ? { invalid: [{ value: 'rtcp-mux-only' }] } : {}),
  };
}

function bandwidthOf(maxBitrate: number): Pick<MediaDescription, 'bandwidth'> {
  if (maxBitrate === 0) return {};
  return {
    bandwidth: [
      { type: 'AS', limit: Math.ceil(maxBitrate / 1000) },
      { type: 'TIAS', limit: maxBitrate },
    ],
  };
}

function candidateLine(candidate: ServerCandidate) {
  return {
    foundation: candidate.foundation,
    component: 1,
    transport: candidate.protocol,
    priority: candidate.priority,
    ip: candidate.address,
    port: candidate.port,
    type: candidate.type,
    ...(candidate.protocol === 'tcp' && candidate.tcpType ? { tcptype: candidate.tcpType } : {}),
  };
}

function rtpmapLine({ channels, clockRate, mimeType, payloadType }: RtpCodecParameters) {
  return {
    payload: payloadType,
    codec: mimeType.split('/')[1] ?? '',
    rate: clockRate,
    ...(channels !== undefined && channels > 1 ? { encoding: channels } : {}),
  };
}

function fmtpLine({ parameters, payloadType }: RtpCodecParameters) {
  const entries = Object.entries(parameters ?? {});
  if (entries.length === 0) return [];
  return [
    {
      payload: payloadType,
      config: entries.map(([name, value]) => `${name}=${value}`).join(';'),
    },
  ];
}

function feedbackLines({ payloadType, rtcpFeedback }: RtpCodecParameters) {
  return (rtcpFeedback ?? []).map(({ parameter, type }) => ({
    payload: payloadType,
    type,
    ...(parameter ? { subtype: parameter } : {}),
  }));
}

function simulcastLines(rids: readonly string[]): Pick<MediaDescription, 'rids' | 'simulcast'> {
  if (rids.length === 0) return {};
  return {
    rids: rids.map((id) => ({ id, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: rids.join(';') },
  };
}

function sourceLines(source: AcceptedSection['source']): Pick<MediaDescription, 'msid' | 'ssrcs' | 'ssrcGroups'> {
  if (!source) return {};
  const { cname, rtxSsrc, ssrc, trackId } = source;
  return {
    msid: [{ id: 'sluice', appdata: trackId }],
    ssrcs: [ssrc, ...(rtxSsrc === undefined ? [] : [rtxSsrc])].map((id) => ({
      id,
      attribute: 'cname',
      value: cname,
    })),
    ...(rtxSsrc === undefined ? {} : { ssrcGroups: [{ semantics: 'FID', ssrcs: `${ssrc} ${rtxSsrc}` }] }),
  };
}
