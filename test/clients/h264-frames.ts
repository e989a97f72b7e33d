import type { RtpPacket } from './captured-source.ts';

/** The NAL units of one access unit. */
export type Frame = { readonly timestamp: number; readonly units: readonly Buffer[] };

const [STAP_A, FU_A] = [24, 28];

/** Types of NAL units (ITU-T H.264, table 7-1). */
export const NAL = { idr: 5, sps: 7, pps: 8 } as const;

export const nalType = (unit: Buffer): number => (unit[0] ?? 0) & 0x1f;

/** Unpacks H264 (RFC 6184 §5). Throws an error if a fragment is missing or a frame has no marker. */
export function framesOf(packets: readonly RtpPacket[]): Frame[] {
  const frames: Frame[] = [];
  let open: { timestamp: number; units: Buffer[] } | null = null;
  for (const { marker, payload, timestamp } of packets) {
    if (open && open.timestamp !== timestamp) throw new Error(`frame ${open.timestamp} has no marker`);
    open ??= { timestamp, units: [] };
    addUnits(open.units, payload);
    if (marker) frames.push(open);
    if (marker) open = null;
  }
  return frames;
}

function addUnits(units: Buffer[], payload: Buffer): void {
  const type = nalType(payload);
  if (type === STAP_A) units.push(...aggregated(payload.subarray(1)));
  else if (type === FU_A) addFragment(units, payload);
  else units.push(payload);
}

function aggregated(rest: Buffer): Buffer[] {
  if (rest.length === 0) return [];
  const end = 2 + rest.readUInt16BE(0);
  return [rest.subarray(2, end), ...aggregated(rest.subarray(end))];
}

function addFragment(units: Buffer[], payload: Buffer): void {
  const [indicator, header] = [payload.readUInt8(0), payload.readUInt8(1)];
  const body = payload.subarray(2);
  const before = units.at(-1);
  if (header >= 128) units.push(Buffer.concat([Buffer.from([(indicator & 0xe0) | (header & 0x1f)]), body]));
  else if (before && nalType(before) === (header & 0x1f)) units[units.length - 1] = Buffer.concat([before, body]);
  else throw new Error('a fragment has no beginning');
}

const START_CODE = Buffer.from([0, 0, 0, 1]);

/** A byte stream that decoders read (ITU-T H.264, annex B). */
export const byteStream = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(frames.flatMap(({ units }) => units.flatMap((unit) => [START_CODE, unit])));
