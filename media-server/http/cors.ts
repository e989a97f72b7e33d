import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Allows cross-origin requests from `origins`, `*` = any. Reads them at each request, so that a reload applies. */
export async function allowOrigins(app: FastifyInstance, origins: () => readonly string[]): Promise<void> {
  await app.register(cors, {
    origin: (origin, done) => {
      const allowed = origins();
      if (allowed.includes('*')) done(null, '*');
      else done(null, origin !== undefined && allowed.includes(origin));
    },
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
    allowedHeaders: ['Authorization', 'Content-Type', 'If-Match'],
    exposedHeaders: ['Location', 'ETag', 'Link', 'Retry-After', 'Accept-Post', 'Accept-Patch'],
    maxAge: 600,
    // The OPTIONS routes of WHIP and WHEP add their own headers.
    preflightContinue: true,
    strictPreflight: false,
  });
}
