import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { assetText } from '../../../crds/render/asset-text.ts';
import type { ConfigBundle } from '../../../crds/schema/server-config.ts';
import { HttpError } from '../errors.ts';

/** The name of the caller's token or user; `anonymous` if authentication is off. */
export type Caller = string;

/** Checks `Authorization` against the current config. Throws a 401. */
export function authenticate(request: FastifyRequest, { assets, config }: ConfigBundle): Caller {
  const auth = config.rest.auth;
  if (!auth) return 'anonymous';
  const { credentials, scheme } = readAuthorization(request.headers.authorization ?? '');
  if (auth.type === 'basic') {
    const [username, password] = [assetText(assets.get(auth.username)), assetText(assets.get(auth.password))];
    const expected = Buffer.from(`${username}:${password}`).toString('base64');
    // A Secret without both values matches no request.
    const usable = username !== '' && password !== '';
    if (scheme === 'basic' && sameSecret(credentials, expected) && usable) return username;
    throw unauthorized('Basic realm="sluice", charset="UTF-8"');
  }
  // Compares every token, so that the time reveals nothing about any of them.
  const matching = auth.tokens.filter(({ token }) => {
    const secret = assetText(assets.get(token));
    return sameSecret(credentials, secret) && secret !== '';
  });
  const [match] = matching;
  if (match && scheme === 'bearer') return match.name;
  throw unauthorized('Bearer realm="sluice"');
}

/** Scheme names are case-insensitive (RFC 9110 §11.1). */
function readAuthorization(header: string): { scheme: string; credentials: string } {
  const space = header.indexOf(' ');
  if (space === -1) return { scheme: '', credentials: '' };
  return { scheme: header.slice(0, space).toLowerCase(), credentials: header.slice(space + 1).trim() };
}

function unauthorized(challenge: string): HttpError {
  return new HttpError(401, 'the Authorization header is missing or not valid', {
    headers: { 'www-authenticate': challenge },
  });
}

/** Compares in constant time, even if the lengths differ. */
function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
