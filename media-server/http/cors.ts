import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pathOf } from './errors.ts';

/** The origins that may read the answers of a path; `*` = any. */
export type OriginsOf = (path: string) => readonly string[];

/**
 * Allows cross-origin requests, also for answers that are errors and for paths that do not exist. Asks for the origins
 * at each request, so that a reload applies. Must be called on the app itself: its handler of unknown paths runs no
 * hooks of parts of the app.
 */
export async function allowOrigins(app: FastifyInstance, originsOf: OriginsOf): Promise<void> {
  await app.register(cors, {
    delegator: (request, done) => done(null, { ...OPTIONS, origin: readerOf(request, originsOf) ?? false }),
  });
}

/** The headers of an answer for which hooks do not run. */
export function corsHeaders(request: FastifyRequest, originsOf: OriginsOf): Readonly<Record<string, string>> {
  const reader = readerOf(request, originsOf);
  if (reader === null) return { vary: 'Origin' };
  const exposed = OPTIONS.exposedHeaders.join(', ');
  return { vary: 'Origin', 'access-control-allow-origin': reader, 'access-control-expose-headers': exposed };
}

/** The origin that may read the answer, `*` = any; null = none. */
function readerOf(request: FastifyRequest, originsOf: OriginsOf): string | null {
  const { origin } = request.headers;
  const origins = originsOf(pathOf(request));
  if (origins.includes('*')) return '*';
  return origin !== undefined && origins.includes(origin) ? origin : null;
}

const OPTIONS = {
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
  allowedHeaders: ['Authorization', 'Content-Type', 'If-Match'],
  exposedHeaders: ['Location', 'ETag', 'Link', 'Retry-After', 'Accept-Post', 'Accept-Patch', 'Sluice-Incomplete'],
  maxAge: 600,
  // The OPTIONS routes of WHIP and WHEP add their own headers.
  preflightContinue: true,
  strictPreflight: false,
};
