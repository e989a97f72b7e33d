import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './errors.ts';

export type WebRoutesDeps = {
  readonly statistics: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
};

const PAGES = ['publish', 'play', 'console'] as const;

/** Pages load nothing from other origins, connect to their own origin only, and cannot be framed. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** The demo pages: `/publish`, `/play`, `/console`, and an index at `/`, which WCS's `?action=stat` shares. */
export async function webRoutes(app: FastifyInstance, { statistics }: WebRoutesDeps): Promise<void> {
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '../web'),
    prefix: '/web/',
    index: false,
    cacheControl: false,
    setHeaders: (response) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.header(name, value);
      response.header('cache-control', 'no-cache');
    },
  });
  const hidden = { schema: { hide: true } };
  for (const page of PAGES) app.get(`/${page}`, hidden, (_request, reply) => reply.sendFile(`${page}.html`));
  app.get<{ Querystring: { action?: string } }>('/', hidden, async (request, reply) => {
    const { action } = request.query;
    if (action === undefined) return reply.sendFile('index.html');
    if (action !== 'stat') throw new HttpError(400, 'query.action: must be stat');
    return statistics(request, reply);
  });
}
