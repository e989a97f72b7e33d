import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError, pathOf } from './errors.ts';

/** Answers 405 with `Allow` where the path exists for other verbs, else 404. Must be set up before the routes. */
export function notFound(app: FastifyInstance): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    // CORS has one for the preflights of all paths, also of those that do not exist.
    if (method === 'OPTIONS' && url.endsWith('*')) return;
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  app.setNotFoundHandler(async (request: FastifyRequest, _reply: FastifyReply) => {
    const path = pathOf(request);
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (allowed.size === 0) throw new HttpError(404, `there is nothing at ${path.slice(0, 256)}`);
    const allow = [...allowed].sort().join(', ');
    throw new HttpError(405, `${request.method} is not allowed here, use ${allow}`, { headers: { allow } });
  });
}

/** `/whip/:appKey/:name` or `/web/*` as a regular expression. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.split('/').map(segmentPattern).join('/')}$`);
}

function segmentPattern(segment: string): string {
  if (segment === '*') return '.*';
  return segment.startsWith(':') ? '[^/]+' : literal(segment);
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
