/** The fields of an RTP header (RFC 3550 §5.1) that captures need. */
export type RtpHeader = {
  readonly payloadType: number;
  /** The last packet of a video frame. */
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  /** Where the payload begins, bytes. */
  readonly payloadAt: number;
};

const FIXED_BYTES = 12;

/** Reads a header; null if the bytes are not an RTP packet of version 2. */
export function readRtp(packet: Buffer): RtpHeader | null {
  const [first = 0, second = 0] = packet;
  if (packet.length < FIXED_BYTES || first >> 6 !== 2) return null;
  const fixed = FIXED_BYTES + 4 * (first & 0x0f);
  const hasExtension = (first & 0x10) !== 0;
  if (hasExtension && packet.length < fixed + 4) return null;
  const payloadAt = hasExtension ? fixed + 4 + 4 * packet.readUInt16BE(fixed + 2) : fixed;
  if (payloadAt > packet.length) return null;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    payloadAt,
  };
}

/** How far `later` is after `earlier` on a ring of 32 bits; negative if it is before. */
export const timestampDelta = (later: number, earlier: number): number => (later - earlier) | 0;

/** Whether a packet of H264 (RFC 6184) begins a key frame: it has a parameter set or the start of an IDR slice. */
export function beginsKeyFrame(packet: Buffer, payloadAt: number): boolean {
  const type = (packet[payloadAt] ?? 0) & 0x1f;
  if (type === STAP_A) return aggregatedTypes(packet, payloadAt + 1).some(isOfKeyFrame);
  if (type !== FU_A) return isOfKeyFrame(type);
  const header = packet[payloadAt + 1] ?? 0;
  const isStart = (header & 0x80) !== 0;
  return isStart && isOfKeyFrame(header & 0x1f);
}

/** The types of the units of a STAP-A, each after its size. Many encoders begin with a delimiter or SEI. */
function aggregatedTypes(packet: Buffer, start: number): number[] {
  const types: number[] = [];
  for (let at = start; at + 2 < packet.length; at += 2 + packet.readUInt16BE(at)) {
    types.push((packet[at + 2] ?? 0) & 0x1f);
  }
  return types;
}

const STAP_A = 24;
const FU_A = 28;
const IDR = 5;
const SPS = 7;
const isOfKeyFrame = (nalUnitType: number): boolean => nalUnitType === IDR || nalUnitType === SPS;
