import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { assetText } from '../../../crds/render/asset-text.ts';
import type { ConfigBundle } from '../../../crds/schema/server-config.ts';
import { HttpError } from '../errors.ts';

/** Who called: the name of the token or user, `anonymous` when auth is off. */
export type Caller = string;

/** Checks `Authorization` against the config of the moment, so that a reload needs no restart. Throws a 401. */
export function authenticate(request: FastifyRequest, { assets, config }: ConfigBundle): Caller {
  const auth = config.rest.auth;
  if (!auth) return 'anonymous';
  const { credentials, scheme } = readAuthorization(request.headers.authorization ?? '');
  if (auth.type === 'basic') {
    const [username, password] = [assetText(assets.get(auth.username)), assetText(assets.get(auth.password))];
    const expected = Buffer.from(`${username}:${password}`).toString('base64');
    // A Secret without its two values lets nobody in.
    const usable = username !== '' && password !== '';
    if (scheme === 'basic' && sameSecret(credentials, expected) && usable) return username;
    throw unauthorized('Basic realm="sluice", charset="UTF-8"');
  }
  // Every token is compared, so that the time does not tell which one is near.
  const matching = auth.tokens.filter(({ token }) => {
    const secret = assetText(assets.get(token));
    return sameSecret(credentials, secret) && secret !== '';
  });
  const [match] = matching;
  if (match && scheme === 'bearer') return match.name;
  throw unauthorized('Bearer realm="sluice"');
}

/** Schemes are named in any case (RFC 9110 §11.1). */
function readAuthorization(header: string): { scheme: string; credentials: string } {
  const space = header.indexOf(' ');
  if (space === -1) return { scheme: '', credentials: '' };
  return { scheme: header.slice(0, space).toLowerCase(), credentials: header.slice(space + 1).trim() };
}

function unauthorized(challenge: string): HttpError {
  return new HttpError(401, 'Authorization is missing or not valid', { headers: { 'www-authenticate': challenge } });
}

/** In constant time, also for different lengths. */
function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
