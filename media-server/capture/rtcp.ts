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

const [VERSION, SENDER_REPORT, DESCRIPTION, CNAME_ITEM] = [0x80, 200, 202, 1];
/** From 1900, where NTP begins, to 1970. */
const NTP_S = 2_208_988_800;

/** An RTCP packet: a sender report without reports of reception, and a description of the source (RFC 3550 §6.4.1, §6.5). */
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
