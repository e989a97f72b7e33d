import { parseIp } from './ip.ts';
import { celText, type ValueRule } from './rules.ts';
import { noUserInfoRule, PORT, URL_HOST } from './texts.ts';

/** Any visible ASCII character but quotes, `\\` and `#`: cameras have odd paths. */
const SOURCE_TEXT = '[!$-&(-\\[\\]-_a-~]';

/**
 * A URL of a camera or an encoder. The host is followed by its port, `/`, `?` or the end, so that every parser of URLs
 * finds the same host.
 */
export function sourceUrlRule(scheme: string): ValueRule<string> {
  const pattern = `^${scheme}://([^/?#]*@)?${URL_HOST}(:${PORT})?([/?]${SOURCE_TEXT}*)?$`;
  return {
    rule: `self.matches(${celText(pattern)})`,
    message:
      `must be a URL such as ${scheme}://10.20.0.7/live: with ${scheme} in lower case, a host, a port of at most ` +
      '65535 if any, and no space, quote, backslash, control character, fragment or non-ASCII character',
    holds: (text) => new RegExp(pattern).test(text),
  };
}

export const noSourceUserInfoRule: ValueRule<string> = {
  ...noUserInfoRule,
  message: 'must not contain a user name or password; use a Secret instead',
};

const PARTS = new RegExp(`^[a-z]+://([^/?#]*@)?(?<host>${URL_HOST})(:${PORT})?([/?].*)?$`);

/**
 * The host of a URL, for logs, columns and messages: the rest of a URL may hold credentials. Empty if the text is no URL
 * of a source; nothing is guessed, because a part of a password may look like a host.
 */
export const sourceHost = (url: string): string => PARTS.exec(url)?.groups?.['host']?.replace(/^\[|\]$/g, '') ?? '';

/** The host of a URL if it is an IP address; null if it is a name. */
export function sourceAddress(url: string): string | null {
  const host = sourceHost(url);
  return parseIp(host) ? host : null;
}
