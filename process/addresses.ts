import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'family'>[] | undefined>>;

export const ANY_IPV4 = '0.0.0.0';
/** A TCP socket bound to this address accepts IPv4 too. */
export const ANY = '::';

/** The address to bind so that a listener is reachable on every address of the machine or pod. */
export function anyAddress(interfaces: Interfaces = networkInterfaces()): string {
  const hasIPv6 = Object.values(interfaces).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
  // A kernel without IPv6, or with IPv6 disabled, rejects `::`.
  return hasIPv6 ? ANY : ANY_IPV4;
}

/** Formats an address or host name for a URL (RFC 3986 §3.2.2). */
export const urlHost = (address: string): string => (isIPv6(address) ? `[${address}]` : address);
