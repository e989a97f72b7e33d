import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
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
    delegator: (request, done) => {
      const { origin } = request.headers;
      const origins = originsOf(pathOf(request));
      const isListed = origin !== undefined && origins.includes(origin);
      done(null, { ...OPTIONS, origin: origins.includes('*') ? '*' : isListed });
    },
  });
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
