import type { IceServer } from '../../crds/schema/server-config.ts';

/** `Link` values that hand out STUN and TURN servers (RFC 9725 §4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ credential, urls, username }) =>
    urls.map((url) => {
      const parts = [`<${encodeURI(url)}>`, 'rel="ice-server"'];
      if (username !== undefined) parts.push(`username=${quote(username)}`);
      if (credential !== undefined) parts.push(`credential=${quote(credential)}`, 'credential-type="password"');
      return parts.join('; ');
    }),
  );
}

/** A quoted-string (RFC 9110 §5.6.4). */
function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
