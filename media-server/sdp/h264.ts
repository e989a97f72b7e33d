import type { RtpCodecCapability, RtpCodecParameters } from 'mediasoup-client/types';

/** Baseline of level 1, the default (RFC 6184 §8.1). */
const DEFAULT_PROFILE = '42000a';

/** Level 3.1, which all H264 codecs of a router have. It limits nothing. */
const ROUTER_LEVEL = '1f';

/**
 * The codecs of a publisher in a form that a router accepts. The H264 entry that every player decodes moves to the
 * front of the H264 entries; all other codecs keep their places.
 */
export function h264ForRouter(codecs: RtpCodecCapability[]): RtpCodecCapability[] {
  const h264 = codecs.filter(isH264).sort((a, b) => baselineRank(a) - baselineRank(b));
  return codecs.map((codec) => withKnownProfile(isH264(codec) ? (h264.shift() ?? codec) : codec));
}

/**
 * Lets a player receive H264 of any profile, since browsers list fewer profiles than they decode. The offered entry
 * that is nearest to the published one goes first, and all entries count as the published profile. The packetization
 * mode must be the same.
 */
export function anyProfile(published: RtpCodecParameters) {
  return (codecs: RtpCodecCapability[]): RtpCodecCapability[] => {
    if (!isH264(published)) return codecs;
    return codecs
      .toSorted((a, b) => distance(a, published) - distance(b, published))
      .map((codec) => (isH264(codec) ? withProfileOf(published, codec) : codec));
  };
}

type H264 = Pick<RtpCodecParameters, 'mimeType' | 'parameters'>;

function isH264({ mimeType }: H264): boolean {
  return mimeType.toLowerCase() === 'video/h264';
}

function profileOf({ parameters }: H264): string {
  return String(parameters?.['profile-level-id'] ?? DEFAULT_PROFILE).toLowerCase();
}

function baselineRank(codec: RtpCodecCapability): number {
  return (profileOf(codec).startsWith('42e0') ? 0 : 2) + (codec.parameters?.['packetization-mode'] === 1 ? 0 : 1);
}

/** mediasoup compares profiles by fixed patterns of constraint bits and does not know levels above 5.2. */
function withKnownProfile(codec: RtpCodecCapability): RtpCodecCapability {
  const [, profile, constraints] = /^(..)([0-9a-f]{2})[0-9a-f]{2}$/.exec(profileOf(codec)) ?? [];
  if (!isH264(codec) || !profile || !constraints) return codec;
  const known = `${profile}${knownConstraints(profile, constraints)}${ROUTER_LEVEL}`;
  return { ...codec, parameters: { ...codec.parameters, 'profile-level-id': known } };
}

function knownConstraints(profile: string, constraints: string): string {
  const first = `${constraints.charAt(0)}0`;
  if (profile !== '64' && profile !== 'f4') return first;
  return profile === '64' && constraints === '0c' ? '0c' : '00';
}

/** 0 = the same profile and constraints, 1 = the same profile, 2 = another one. */
function distance(codec: H264, published: H264): number {
  if (!isH264(codec)) return 0;
  const [ours, theirs] = [profileOf(published), profileOf(codec)];
  if (ours.slice(0, 4) === theirs.slice(0, 4)) return 0;
  return ours.slice(0, 2) === theirs.slice(0, 2) ? 1 : 2;
}

function withProfileOf(published: RtpCodecParameters, codec: RtpCodecCapability): RtpCodecCapability {
  const profile = published.parameters?.['profile-level-id'];
  return { ...codec, parameters: { ...codec.parameters, 'profile-level-id': profile } };
}
