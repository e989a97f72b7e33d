import { isIP } from 'node:net';

/** An IP address as a number. */
export type Ip = { readonly family: 4 | 6; readonly value: bigint };
/** The addresses whose first `bits` bits are those of `ip`. */
export type Network = { readonly ip: Ip; readonly bits: number };

const BITS = { 4: 32, 6: 128 } as const;

/** Parses an address. null = it is none, or it has a zone such as `%eth0`. */
export function parseIp(text: string): Ip | null {
  const family = isIP(text);
  if (family === 4) return { family, value: ofParts(text.split('.').map(Number), 8n) };
  if (family !== 6 || text.includes('%')) return null;
  return { family: 6, value: ofParts(groupsOf(text), 16n) };
}

/** Parses `ADDRESS/BITS`. Bits beyond the prefix may be set. null = it is not a network. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', bits = ''] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const ip = parseIp(address);
  return ip && Number(bits) <= BITS[ip.family] ? { ip, bits: Number(bits) } : null;
}

export const isWithin = (ip: Ip, { bits, ip: start }: Network): boolean =>
  ip.family === start.family && prefixOf(ip, bits) === prefixOf(start, bits);

/** The bits of an address beyond the prefix of its network. */
export const hostBitsOf = ({ bits, ip }: Network): bigint => ip.value & ((1n << BigInt(BITS[ip.family] - bits)) - 1n);

const prefixOf = ({ family, value }: Ip, bits: number): bigint => value >> BigInt(BITS[family] - bits);

const ofParts = (parts: readonly number[], width: bigint): bigint =>
  parts.reduce((value, part) => (value << width) | BigInt(part), 0n);

/** The eight groups of an IPv6 address, which may end with an IPv4 address (RFC 4291 §2.2). */
function groupsOf(text: string): number[] {
  const [head = [], tail] = text.split('::').map(groups);
  if (tail === undefined) return head;
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

const groups = (text: string): number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => (group.includes('.') ? pairOf(group) : [Number.parseInt(group, 16)]));

function pairOf(ipv4: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}
