/** Parts of an RTP packet (RFC 3550 §5.1) that a test cares about. */
type Parts = {
  readonly payloadType?: number;
  readonly marker?: boolean;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly payload?: readonly number[];
};

export function rtpPacket(parts: Parts = {}): Buffer {
  const { marker = false, payload = [0x61], payloadType = 96, sequence = 0, timestamp = 0 } = parts;
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (marker ? 0x80 : 0) | payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

/** H264 payloads (RFC 6184): the first bytes of a packet. */
export const H264 = {
  sps: [0x67],
  idr: [0x65],
  slice: [0x61],
  delimiter: [0x09, 0xf0],
  stapA: [0x78, 0, 1, 0x67],
  stapAWithDelimiter: [0x78, 0, 2, 0x09, 0xf0, 0, 1, 0x67, 0, 1, 0x68],
  stapAOfSlice: [0x78, 0, 2, 0x09, 0xf0, 0, 1, 0x61],
  stapACutOff: [0x78, 0, 9, 0x09, 0xf0],
  fuStart: [0x7c, 0x85],
  fuMiddle: [0x7c, 0x05],
};
