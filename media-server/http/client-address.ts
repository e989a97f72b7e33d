import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, SocketAddress } from 'node:net';
import { UserFault } from '../../process/user-fault.ts';

/** Proxies whose `X-Forwarded-For` and `X-Forwarded-Prefix` are trusted (`rest.trustedProxies`: CIDRs or addresses). */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** Throws with the first entry that is neither an address nor a CIDR. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) this.#add(cidr);
  }

  trusts(address: string): boolean {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** The path prefix that trusted proxies removed, such as `/media`; empty if there is none or it is not trusted. */
  forwardedPrefix({ headers, socket }: IncomingMessage): string {
    if (!this.trusts(socket.remoteAddress ?? '')) return '';
    return readPrefix([headers['x-forwarded-prefix'] ?? []].flat().join(','));
  }

  /** True if the client is, or claims to be, behind an untrusted proxy, so that many clients share its address. */
  isShared({ headers, socket }: IncomingMessage): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.trusts(socket.remoteAddress ?? '');
  }

  /** The right-most address that is not a trusted proxy; the peer address if the header is not trusted. */
  clientAddress(request: IncomingMessage): string {
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',');
    const chain = [...forwarded.split(',').map((hop) => hop.trim()), plainAddress(request.socket.remoteAddress ?? '')];
    let client = '';
    for (const hop of chain.reverse()) {
      const address = plainAddress(hop);
      if (isIP(address) === 0) break;
      client = address;
      if (!this.trusts(address)) break;
    }
    return client;
  }

  #add(cidr: string): void {
    const [written = '', bits] = cidr.split('/');
    const family = isIP(written);
    const longest = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > longest) {
      throw new UserFault(`rest.trustedProxies: must be an address or CIDR, got "${cidr}"`);
    }
    const address = plainAddress(written);
    const isMapped = family === 6 && isIP(address) === 4;
    this.#list.addSubnet(
      address,
      isMapped ? Math.max(0, prefix - MAPPED_BITS) : prefix,
      isIP(address) === 6 ? 'ipv6' : 'ipv4',
    );
  }
}

const MAX_PREFIX_LENGTH = 1024;
/** Path segments (RFC 3986 §3.3) that are not empty, `.` or `..`. A prefix that starts with `//` would be a host. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~!$&'()*+;=:@-]|%[\da-f]{2})+)+$/i;

/** Each proxy of a chain adds the prefix it removed, outermost first. Other headers are ignored. */
function readPrefix(header: string): string {
  if (header.length > MAX_PREFIX_LENGTH) return '';
  const prefixes = header.split(',').map((part) => part.trim().replace(/\/$/, ''));
  return prefixes.every((prefix) => prefix === '' || PREFIX.test(prefix)) ? prefixes.join('') : '';
}

/**
 * Normalizes an address. IPv4 stays IPv4 on a dual-stack socket, which reports `::ffff:192.0.2.1`. IPv6 loses the
 * brackets and port that some proxies add. Other text is returned unchanged.
 */
export function plainAddress(text: string): string {
  const [address = ''] = (BRACKETED.exec(text)?.[1] ?? text).split('%');
  if (isIP(address) !== 6) return address;
  return new SocketAddress({ address, family: 'ipv6' }).address.replace(MAPPED, '');
}

const BRACKETED = /^\[(.+)\](?::\d+)?$/;
/** RFC 4291 §2.5.5.2 */
const MAPPED = /^::ffff:(?=\d+\.)/;
const MAPPED_BITS = 96;
