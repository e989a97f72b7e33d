import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Lets scripts of the allowed origins in, `*` = of every one; asked at each request, so that a reload applies. */
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
    // The OPTIONS routes add what WHIP and WHEP say there.
    preflightContinue: true,
    strictPreflight: false,
  });
}
