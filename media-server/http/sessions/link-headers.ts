import type { IceServer } from '../../../crds/schema/server-config.ts';

/** `Link` values that announce STUN and TURN servers (RFC 9725 §4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ credential, urls, username }) =>
    urls.map((url) => {
      const parts = [`<${encodeURI(url.toWellFormed())}>`, 'rel="ice-server"'];
      if (username !== undefined) parts.push(parameter('username', username));
      if (credential !== undefined) parts.push(parameter('credential', credential), 'credential-type="password"');
      return parts.join('; ');
    }),
  );
}

/** A `Link` value that announces an extension of a session with its attributes (draft-ietf-wish-whep §4.9). */
export function extensionLink(url: string, rel: string, attributes: Readonly<Record<string, string>> = {}): string {
  const parameters = Object.entries({ rel, ...attributes }).map(([name, value]) => parameter(name, value));
  // A lenient HTTP parser may accept characters that a path must not contain.
  return [`<${url.replace(/[<>"\s]/g, encodeURIComponent)}>`, ...parameters].join('; ');
}

/** A quoted-string if it can hold the value (RFC 9110 §5.6.4), else the extended notation (RFC 8187). */
function parameter(name: string, value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
  return `${name}*=UTF-8''${encodeURIComponent(value.toWellFormed()).replace(/['()*]/g, percent)}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
