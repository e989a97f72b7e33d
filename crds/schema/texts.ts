import { Type } from 'typebox';
import { DURATION_PATTERN, parseDurationMs } from './duration.ts';
import { hostBitsOf, parseNetwork } from './ip.ts';
import { celText, matching, must, type ValueRule } from './rules.ts';

// The formats of text fields: addresses, hosts, origins, URLs and durations. Each rule exists twice, in CEL and here.
// test/fixtures/manifests.ts checks that both give the same verdicts.

const labels = (letters: string): string => {
  const inner = `[-${letters}0-9]{0,61}[${letters}0-9]`;
  // The last label starts with a letter, because with a digit it could be an IPv4 address.
  return `([${letters}0-9](${inner})?[.])*[${letters}](${inner})?`;
};
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = `${OCTET}([.]${OCTET}){3}`;
/** RFC 4291 §2.2, without a trailing IPv4 address. The functions of CEL cost too much for a part of a text. */
function ipv6(letters: string): string {
  const group = `[0-9${letters}]{1,4}`;
  const shortened = [6, 5, 4, 3, 2, 1].map((most) => `(${group}:){1,${most}}(:${group}){1,${7 - most}}`);
  return `(${[`(${group}:){7}${group}`, `(${group}:){1,7}:`, ...shortened, `:(:${group}){1,7}`, '::'].join('|')})`;
}
export const PORT = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';
const HOST_NAME = `^${labels('a-z')}$`;

const isIpv4 = (text: string): boolean => new RegExp(`^${IPV4}$`).test(text);
const isIpv6 = (text: string): boolean => /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`http://[${text}]`);

/** The form in a URL: `::1` for `0:0:0:0:0:0:0:1`. */
const canonical = (ipv6: string): string => new URL(`http://[${ipv6}]`).hostname.slice(1, -1);

/** Whether CEL's `isIP` is true, which excludes IPv4-mapped IPv6 addresses. */
const isPlainIp = (text: string): boolean => isIpv4(text) || (isIpv6(text) && !canonical(text).startsWith('::ffff:'));

/** Whether a host can have this address: not unspecified, broadcast or multicast. */
function isHostAddress(text: string): boolean {
  if (isIpv6(text)) return canonical(text) !== '::' && !/^ff[0-9a-f]{2}:/.test(canonical(text));
  const first = Number.parseInt(text, 10);
  return text !== '0.0.0.0' && text !== '255.255.255.255' && (first < 224 || first > 239);
}

const HOST_ADDRESS_CEL =
  '(ip(self).isGlobalUnicast() || ip(self).isLoopback() || ip(self).isLinkLocalUnicast()) && !ip(self).isUnspecified()';

/** Value of `media.announcedAddress`: the operator reads the address from the Node of each pod. */
export const NODE_EXTERNAL_IP = 'NodeExternalIP';

export const announcedAddressRule: ValueRule<string> = {
  rule:
    `self == '${NODE_EXTERNAL_IP}' || (isIP(self) ? ${HOST_ADDRESS_CEL} : ` +
    `self != '${NODE_EXTERNAL_IP.toLowerCase()}' && self.matches(${celText(HOST_NAME)}))`,
  message: `must be an IP address of a host, a host name in lower case, or ${NODE_EXTERNAL_IP} (case-sensitive)`,
  holds: (text) =>
    text === NODE_EXTERNAL_IP ||
    (isPlainIp(text)
      ? isHostAddress(text)
      : text !== NODE_EXTERNAL_IP.toLowerCase() && new RegExp(HOST_NAME).test(text)),
};

/** A host name of an Ingress or HTTPRoute. */
export const routeHost = (description: string) =>
  must(
    Type.String({ maxLength: 253, description }),
    matching(
      `^([*][.])?${labels('a-z')}$`,
      'must be a host name in lower case such as media.example.com or *.example.com, without scheme, port or ' +
        'trailing dot; an international name is written as xn--…',
    ),
  );

const ORIGIN = `^([*]|null|[a-z][a-z0-9+.-]*://(${labels('a-z_')}|${IPV4}|\\[${ipv6('a-f')}\\])(:${PORT})?)$`;
const DEFAULT_PORT = '^(http://.*:80|https://.*:443)$';

/** An origin in the form that browsers send. Any other form would never match. */
export const originRule: ValueRule<string> = {
  rule: `self.matches(${celText(ORIGIN)}) && !self.matches(${celText(DEFAULT_PORT)})`,
  message:
    'must be * or an origin as browsers send it, such as https://example.com or http://localhost:3000: in lower ' +
    'case, with a scheme, without path, wildcard or default port',
  holds: (text) => new RegExp(ORIGIN).test(text) && !new RegExp(DEFAULT_PORT).test(text),
};

export const cidrRule: ValueRule<string> = {
  rule: 'isIP(self) || isCIDR(self)',
  message: 'must be an IP address or a CIDR such as 10.0.0.0/8',
  holds: (text) => {
    const [address = '', bits, ...more] = text.split('/');
    if (!isPlainIp(address) || more.length > 0) return false;
    return bits === undefined || (/^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= (isIpv6(address) ? 128 : 32));
  },
};

/** A network of a NetworkPolicy, which takes no single address. Kubernetes 1.37 refuses one with host bits. */
export const networkRule: ValueRule<string> = {
  rule: 'isCIDR(self) && cidr(self).masked() == cidr(self)',
  message: 'must be a CIDR without host bits, such as 10.20.0.0/16',
  holds: (text) => text.includes('/') && cidrRule.holds(text) && isMasked(text),
};

function isMasked(text: string): boolean {
  const network = parseNetwork(text);
  return network !== null && hostBitsOf(network) === 0n;
}

export const URL_HOST = `(${labels('A-Za-z_')}|${IPV4}|\\[${ipv6('A-Fa-f')}\\])`;
const urlText = (more: string): string => `([A-Za-z0-9._~!$&'()*+,;=:@/${more}-]|%[0-9A-Fa-f]{2})*`;
const USER_INFO = '^[a-zA-Z]+://[^/?#]*@';
const HTTP_URL = `^https?://([^/?#]*@)?${URL_HOST}(:${PORT})?(/${urlText('')})?([?]${urlText('?')})?$`;

export const httpUrlRule: ValueRule<string> = {
  rule: `self.matches(${celText(HTTP_URL)})`,
  message:
    'must be a URL such as https://backend.example.com/api: with http or https in lower case, a host, a port of at ' +
    'most 65535 if any, and no fragment',
  // The pattern cannot tell that a host such as xn--a is not valid.
  holds: (text) => new RegExp(HTTP_URL).test(text) && URL.canParse(text),
};

export const noUserInfoRule: ValueRule<string> = {
  rule: `!self.matches(${celText(USER_INFO)})`,
  message: 'must not contain a user name or password; use auth instead',
  holds: (text) => !new RegExp(USER_INFO).test(text),
};

/** As WHIP and WHEP take it in a path. */
export const streamNameRule = matching(
  '^[^\\x00-\\x1f\\x7f-\\x9f]+$',
  'must not be empty or contain control characters',
);

type Bounds = { readonly least: string; readonly most: string };

/** Checks format and bounds in one rule, because `duration()` of CEL fails on text that is not a duration. */
export function durationRule({ least, most }: Bounds): ValueRule<string> {
  const [leastMs, mostMs] = [parseDurationMs(least) ?? 0, parseDurationMs(most) ?? 0];
  return {
    rule:
      `self != '' && self.matches(${celText(DURATION_PATTERN)}) && ` +
      `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
    message: `must be a duration such as 10s or 1m30s, from ${least} to ${most}`,
    holds: (text) => {
      const ms = new RegExp(DURATION_PATTERN).test(text) ? parseDurationMs(text) : null;
      return ms !== null && ms >= leastMs && ms <= mostMs;
    },
  };
}

export const appKeyRule = matching(
  '^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$',
  'must consist of letters, digits, "-", "_" and ".", and start and end with a letter or digit',
);
