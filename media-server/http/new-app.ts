import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { corsHeaders, type OriginsOf } from './cors.ts';
import { handleError } from './errors.ts';
import { notFound } from './not-found.ts';
import { answerAfterBody } from './unread-body.ts';

export type NewAppDeps = { readonly clock: Clock; readonly log: Log };

/** Bytes. 10,000 ids of streams fit. */
const BODY_LIMIT = 512 * 1024;

/**
 * An application without routes, with the limits, parsers and errors that all of them have. `originsOf` are the origins
 * that may read the answer to a malformed URL.
 */
export function newApp(deps: NewAppDeps, originsOf: OriginsOf = () => []): FastifyInstance {
  const onError = handleError(deps.log, () => deps.clock.now());
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    // Longer than any URL that Node accepts, so that the routes can report names that are too long.
    routerOptions: { maxParamLength: 64 * 1024 },
    // A malformed URL, for which no hook runs.
    frameworkErrors: (error, request, reply) => onError(error, request, reply.headers(corsHeaders(request, originsOf))),
    // WebRTC clients keep connections open; who may forward is decided in client-address.ts.
    trustProxy: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    return503OnClosing: false,
  });
  app.setErrorHandler(onError);
  app.removeContentTypeParser('text/plain');
  allowEmptyJson(app);
  answerAfterBody(app, deps.clock);
  notFound(app);
  return app;
}

/** Many clients send the JSON content type without a body. Each route decides what that means. */
function allowEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}
