import { parseIp } from './ip.ts';
import { matching, type ValueRule } from './rules.ts';
import { noUserInfoRule, PORT, URL_HOST } from './texts.ts';

/** Any visible ASCII character but quotes, `\` and `#`: cameras have odd paths. */
const SOURCE_TEXT = '[!$-&(-\\[\\]-_a-~]';
/** The same without `/` and `?`. */
const SEGMENT = '[!$-&(-.0->@-\\[\\]-_a-~]';
/** The same without `&`, and with `%` only before two hexadecimal digits. */
const STREAM_ID = '([!$(-\\[\\]-_a-~]|%[0-9A-Fa-f]{2})*';

/** What follows the host, which sluice-sources takes, and how a message says it. */
const FORMS = {
  rtsp: {
    rest: `(:${PORT})?([/?]${SOURCE_TEXT}*)?`,
    example: 'rtsp://10.20.0.7/live',
    parts: 'a port of at most 65535 if any',
  },
  rtmp: {
    rest: `(:${PORT})?(/${SEGMENT}+){2,}([?]${SOURCE_TEXT}*)?`,
    example: 'rtmp://10.20.0.8/live/gate',
    parts: 'a port of at most 65535 if any, an application and a stream',
  },
  srt: {
    rest: `:${PORT}/?([?]streamid=${STREAM_ID})?`,
    example: 'srt://10.20.0.9:9000?streamid=gate',
    parts: 'a port of at most 65535, nothing else but streamid if any',
  },
} as const;

/**
 * A URL of a camera or an encoder. The host is followed by its port, `/`, `?` or the end, so that every parser of URLs
 * finds the same host.
 */
export function sourceUrlRule(scheme: keyof typeof FORMS): ValueRule<string> {
  const { example, parts, rest } = FORMS[scheme];
  return matching(
    `^${scheme}://([^/?#]*@)?${URL_HOST}${rest}$`,
    `must be a URL such as ${example}: with ${scheme} in lower case, a host, ${parts}, and no space, quote, ` +
      'backslash, control character, fragment or non-ASCII character',
  );
}

export const noSourceUserInfoRule: ValueRule<string> = {
  ...noUserInfoRule,
  message: 'must not contain a user name or password; use a Secret instead',
};

const PARTS = new RegExp(`^[a-z]+://([^/?#]*@)?(?<host>${URL_HOST})(:${PORT})?([/?].*)?$`);

/**
 * The host of a URL, for logs, columns and messages: the rest of a URL may hold credentials. Empty if the text is not a
 * URL of a source; nothing is guessed, because a part of a password may look like a host.
 */
export const sourceHost = (url: string): string => PARTS.exec(url)?.groups?.['host']?.replace(/^\[|\]$/g, '') ?? '';

/** A URL without its user name and password, and these, decoded. */
export function splitCredentials(url: string): {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
} {
  const [, scheme = '', userInfo, rest = ''] = /^([a-z]+:\/\/)([^/?#]*)@(.*)$/.exec(url) ?? [];
  if (userInfo === undefined) return { url };
  const [user = '', ...password] = userInfo.split(':');
  return { url: `${scheme}${rest}`, user: decoded(user), password: decoded(password.join(':')) };
}

/** Some clients write a percent sign as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The host of a URL if it is an IP address; null if it is a name. */
export function sourceAddress(url: string): string | null {
  const host = sourceHost(url);
  return parseIp(host) ? host : null;
}
