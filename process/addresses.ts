import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'family'>[] | undefined>>;

export const ANY_IPV4 = '0.0.0.0';
/** A TCP socket that is bound to it takes IPv4 as well. */
export const ANY = '::';

/** What a listener binds to be reached by whatever addresses the machine or pod has. */
export function anyAddress(interfaces: Interfaces = networkInterfaces()): string {
  const hasIPv6 = Object.values(interfaces).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
  // A kernel without IPv6, or with IPv6 switched off, refuses `::`.
  return hasIPv6 ? ANY : ANY_IPV4;
}

/** An address or host name as it stands in a URL (RFC 3986 §3.2.2). */
export const urlHost = (address: string): string => (isIPv6(address) ? `[${address}]` : address);
