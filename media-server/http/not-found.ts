import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError, pathOf } from './errors.ts';

/** Answers 405 with `Allow` if the path exists for other methods, else 404. Must be called before routes are added. */
export function notFound(app: FastifyInstance): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    // The CORS plugin adds a preflight route for all paths, even for those that do not exist.
    if (method === 'OPTIONS' && url.endsWith('*')) return;
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  app.setNotFoundHandler(async (request: FastifyRequest, _reply: FastifyReply) => {
    const path = pathOf(request);
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (allowed.size === 0) throw new HttpError(404, `path ${path.slice(0, 256)} not found`);
    const allow = [...allowed].sort().join(', ');
    throw new HttpError(405, `${request.method} is not allowed on this path; use ${allow}`, { headers: { allow } });
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
