import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { UserFault } from '../../process/user-fault.ts';

/** Proxies whose `X-Forwarded-For` and `X-Forwarded-Prefix` are believed (`rest.trustedProxies`, CIDRs or addresses). */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** Throws with the entry that is no address and no CIDR. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) this.#add(cidr);
  }

  trusts(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** The path that trusted proxies have taken off, such as `/media`; empty when there is none or it is not believed. */
  forwardedPrefix({ headers, socket }: IncomingMessage): string {
    if (!this.trusts(normalize(socket.remoteAddress ?? ''))) return '';
    return readPrefix([headers['x-forwarded-prefix'] ?? []].flat().join(','));
  }

  /** Who asks is behind a proxy that is not trusted (or says so): the address is that of many. */
  isShared({ headers, socket }: IncomingMessage): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.trusts(normalize(socket.remoteAddress ?? ''));
  }

  /** The right-most address that no trusted proxy has, the connection's own when the header is not believed. */
  clientAddress(request: IncomingMessage): string {
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',');
    const chain = [...forwarded.split(',').map((hop) => hop.trim()), normalize(request.socket.remoteAddress ?? '')];
    let client = '';
    for (const hop of chain.reverse()) {
      const address = normalize(hop);
      if (isIP(address) === 0) break;
      client = address;
      if (!this.trusts(address)) break;
    }
    return client;
  }

  #add(cidr: string): void {
    const [address = '', bits] = cidr.split('/');
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > longest) {
      throw new UserFault(`rest.trustedProxies: expected an address or CIDR, got "${cidr}"`);
    }
    this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
}

const MAX_PREFIX_LENGTH = 1024;
/** Segments of RFC 3986 §3.3, none of them empty, `.` or `..`: with `//` in front it would be a host. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~!$&'()*+;=:@-]|%[\da-f]{2})+)+$/i;

/** Each proxy of a chain adds what it has taken off, the outermost first. Anything but paths counts as nothing. */
function readPrefix(header: string): string {
  if (header.length > MAX_PREFIX_LENGTH) return '';
  const prefixes = header.split(',').map((part) => part.trim().replace(/\/$/, ''));
  return prefixes.every((prefix) => prefix === '' || PREFIX.test(prefix)) ? prefixes.join('') : '';
}

/** IPv4 as IPv4, also on a socket that listens on both. */
function normalize(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
