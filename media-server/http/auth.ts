import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { HttpError } from './errors.ts';

/** Who called: the name of the token or user, `anonymous` when auth is off. */
export type Caller = string;

/** Checks `Authorization` against the config of the moment, so that a reload needs no restart. Throws a 401. */
export function authenticate(request: FastifyRequest, { assets, config }: ConfigBundle): Caller {
  const auth = config.rest.auth;
  if (!auth) return 'anonymous';
  const header = request.headers.authorization ?? '';
  if (auth.type === 'basic') {
    const username = readAsset(assets, auth.username);
    const expected = `Basic ${Buffer.from(`${username}:${readAsset(assets, auth.password)}`).toString('base64')}`;
    if (username !== '' && sameSecret(header, expected)) return username;
    throw unauthorized('Basic realm="sluice", charset="UTF-8"');
  }
  // Every token is compared, so that the time does not tell which one is near.
  const matching = auth.tokens.filter(({ token }) => {
    const secret = readAsset(assets, token);
    return sameSecret(header, `Bearer ${secret}`) && secret !== '';
  });
  const [match] = matching;
  if (match) return match.name;
  throw unauthorized('Bearer realm="sluice"');
}

function unauthorized(challenge: string): HttpError {
  return new HttpError(401, 'Authorization is missing or not valid', { headers: { 'www-authenticate': challenge } });
}

function readAsset(assets: ConfigBundle['assets'], name: string): string {
  return (
    assets
      .get(name)
      ?.toString('utf8')
      .replace(/\r?\n$/, '') ?? ''
  );
}

/** In constant time, also for different lengths. */
function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
