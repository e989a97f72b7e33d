/** What a sender says about a track: the packet with `timestamp` is presented at `ms` (of the epoch of Unix). */
export type Report = {
  readonly ssrc: number;
  readonly ms: number;
  readonly timestamp: number;
  readonly packets: number;
  /** Of payloads. */
  readonly octets: number;
};

/** Tracks of the same source have the same name. */
export const CNAME = 'capture';

const [VERSION, SENDER_REPORT, DESCRIPTION, EXTENDED_REPORT, CNAME_ITEM] = [0x80, 200, 202, 207, 1];
/** Blocks of extended reports. */
const [RECEIVER_REFERENCE_TIME, DELAY_SINCE_LAST_REPORT] = [4, 5];
/** From 1900, where NTP begins, to 1970. */
const NTP_S = 2_208_988_800;

/** A sender report without reports of reception, and a description of the source (RFC 3550 §6.4.1, §6.5). */
export function senderReport({ ms, octets, packets, ssrc, timestamp }: Report): Buffer {
  const report = Buffer.alloc(28);
  report.writeUInt8(VERSION, 0);
  report.writeUInt8(SENDER_REPORT, 1);
  const seconds = Math.floor(ms / 1_000);
  const fields = [ssrc, seconds + NTP_S, ((ms - seconds * 1_000) / 1_000) * 2 ** 32, timestamp, packets, octets];
  for (const [index, field] of fields.entries()) report.writeUInt32BE(field >>> 0, 4 + 4 * index);
  // An item is followed by at least one zero, and the chunk ends at a multiple of four.
  const description = Buffer.alloc(8 + 4 * Math.ceil((2 + CNAME.length + 1) / 4));
  description.writeUInt8(VERSION | 1, 0);
  description.writeUInt8(DESCRIPTION, 1);
  description.writeUInt32BE(ssrc, 4);
  description.writeUInt8(CNAME_ITEM, 8);
  description.writeUInt8(CNAME.length, 9);
  description.write(CNAME, 10);
  for (const packet of [report, description]) packet.writeUInt16BE(packet.length / 4 - 1, 2);
  return Buffer.concat([report, description]);
}

/**
 * What a sender answers at once when a receiver tells its time (RFC 3611 §4.4, §4.5): the receiver learns how long the
 * way there and back takes. Null if the RTCP packets tell no time.
 */
export function timeAnswer(received: Buffer, ssrc: number): Buffer | null {
  const time = referenceTime(received);
  if (time === null) return null;
  const answer = Buffer.alloc(24);
  answer.writeUInt8(VERSION, 0);
  answer.writeUInt8(EXTENDED_REPORT, 1);
  answer.writeUInt16BE(answer.length / 4 - 1, 2);
  answer.writeUInt32BE(ssrc, 4);
  answer.writeUInt8(DELAY_SINCE_LAST_REPORT, 8);
  answer.writeUInt16BE(3, 10);
  // mediasoup finds the stream by it. By the RFC it is the SSRC of the receiver.
  answer.writeUInt32BE(ssrc, 12);
  answer.writeUInt32BE(time, 16);
  // 1/65536 s. Zero would mean that no time was received.
  answer.writeUInt32BE(1, 20);
  return answer;
}

/** The middle 32 bits of the time that a receiver tells in one of these RTCP packets. */
function referenceTime(packets: Buffer): number | null {
  for (const packet of parts(packets, 0)) {
    if (packet[1] !== EXTENDED_REPORT) continue;
    for (const block of parts(packet, 8)) {
      if (block[0] === RECEIVER_REFERENCE_TIME && block.length >= 12) return block.readUInt32BE(6);
    }
  }
  return null;
}

/** RTCP packets, and the blocks in one: the second half of the first word is how many words follow. */
function* parts(bytes: Buffer, start: number): Generator<Buffer> {
  let at = start;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + 4 * bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}
