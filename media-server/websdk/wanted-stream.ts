import { type Fields, faultOfCustom, faultOfNamed, fieldsOf } from './fields.ts';

/** What `publishStream` and `playStream` ask for. */
export type WantedStream = {
  readonly name: string;
  readonly offer: string;
  /** `transport` of the page; absent = no wish. */
  readonly protocol?: 'udp' | 'tcp';
  readonly custom: Fields;
  /** Wishes that are not fulfilled, for a warning: `record`, `rtmpUrl`. */
  readonly ignored: readonly string[];
};

/** The info of WCS for a player that cannot play WebRTC (MSE, WSPlayer, Flash). */
const NO_COMMON_CODECS = 'No common codecs';

/** Reads `publishStream` or `playStream`. Returns the info of a FAILED status if it cannot be used. */
export function readWanted(content: unknown): WantedStream | string {
  const fields = fieldsOf(content);
  const { custom, mediaProvider = 'WebRTC', name, sdp, transport } = fields;
  if (mediaProvider !== 'WebRTC') return NO_COMMON_CODECS;
  const fault = faultOfNamed('name', name) ?? faultOfCustom(custom);
  if (fault !== null) return fault;
  if (typeof sdp !== 'string' || sdp === '') return 'sdp: must be an SDP offer';
  const wishes = { ...protocolOf(transport), ignored: ignoredOf(fields) };
  return { name: String(name), offer: sdp, custom: fieldsOf(custom), ...wishes };
}

function protocolOf(transport: unknown): Pick<WantedStream, 'protocol'> {
  if (transport === 'UDP') return { protocol: 'udp' };
  return transport === 'TCP' ? { protocol: 'tcp' } : {};
}

function ignoredOf({ record, rtmpUrl }: Fields): string[] {
  return [...(record === true ? ['record'] : []), ...(rtmpUrl === undefined || rtmpUrl === '' ? [] : ['rtmpUrl'])];
}
