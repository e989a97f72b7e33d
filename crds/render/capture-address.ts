import type { AllowedNetwork } from '../schema/capture.ts';
import { type Ip, isWithin, type Network, parseIp, parseNetwork } from '../schema/ip.ts';

type Refused = { readonly network: Network; readonly what: string };

const refused = (what: string, ...texts: readonly string[]): Refused[] =>
  texts.map((text) => ({ network: networkOf(text), what }));

/** Never captured from, whatever is allowed: the pod itself, its node, and what a cloud keeps at link-local addresses. */
const REFUSED: readonly Refused[] = [
  ...refused('a loopback address', '127.0.0.0/8', '::1/128'),
  ...refused('a link-local address', '169.254.0.0/16', 'fe80::/10'),
  // Linux takes an unspecified address for the host itself (RFC 1122 §3.2.1.3).
  ...refused('an unspecified address', '0.0.0.0/8', '::/128'),
  ...refused('a multicast address', '224.0.0.0/4', 'ff00::/8'),
  ...refused('a broadcast address', '255.255.255.255/32'),
];

/** IPv6 networks whose last 32 bits are an IPv4 address: mapped, compatible, and translated (RFC 4291 §2.5.5, RFC 6052). */
const WITH_IPV4: readonly Network[] = ['::ffff:0:0/96', '::/96', '64:ff9b::/96'].map(networkOf);

/**
 * Why a source at this address may not be captured; null if it may. Pure. Both the operator and whoever connects ask it,
 * each time with the literal address.
 */
export function addressFault(address: string, allow: readonly AllowedNetwork[]): string | null {
  const ip = parseIp(address);
  if (!ip) return `"${address}" is not an IP address`;
  const forms = [ip, ...embedded(ip)];
  const found = REFUSED.find(({ network }) => forms.some((form) => isWithin(form, network)));
  if (found) return `${address} is ${found.what}, which is never captured from`;
  return allow.some((each) => allows(each, ip)) ? null : `${address} is not in spec.capture.allow of the MediaServer`;
}

function allows({ cidr, except = [] }: AllowedNetwork, ip: Ip): boolean {
  const isIn = (text: string): boolean => {
    const network = parseNetwork(text);
    return network !== null && isWithin(ip, network);
  };
  return isIn(cidr) && !except.some(isIn);
}

function embedded(ip: Ip): Ip[] {
  const isWith = WITH_IPV4.some((network) => isWithin(ip, network));
  return isWith ? [{ family: 4, value: ip.value & 0xffffffffn }] : [];
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (!network) throw new Error(`${text}: not a network`);
  return network;
}
