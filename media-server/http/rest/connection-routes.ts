import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type TerminateDeps, terminate } from '../../fleet/terminate-here.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { Stream } from '../../streams/stream.ts';
import { connectionObject } from '../../streams/stream-object.ts';
import { HttpError } from '../errors.ts';
import { FindBody, Found, OneSession } from './connection-schemas.ts';
import { bodyMayBeAbsent, NO_INPUT, normalizeFilter } from './input.ts';
import { sendAnswer, TERMINATE_REPLIES } from './terminate-reply.ts';

export type ConnectionRoutesDeps = TerminateDeps & {
  readonly nodeId: string;
  readonly callerOf: (request: FastifyRequest) => string;
};

/** `/rest-api/connection/*` (WCS): one session = one WHIP or WHEP resource = one stream. */
export async function connectionRoutes(app: FastifyInstance, deps: ConnectionRoutesDeps): Promise<void> {
  const list = (filter: FindBody) => {
    const streams = matching(deps.registry, filter);
    if (streams.length === 0) throw new HttpError(404, 'no connection matches');
    return streams.map((stream) => connectionObject(stream, deps.nodeId));
  };

  app.post<{ Body: FindBody }>('/find', {
    schema: { summary: 'Connections that match', body: FindBody, querystring: NO_INPUT, response: { 200: Found } },
    preValidation: normalizeFilter,
    handler: async ({ body }) => list(body),
  });
  const findAllSchema = { summary: 'All connections', querystring: NO_INPUT, response: { 200: Found } };
  app.get('/find_all', { schema: findAllSchema, handler: async () => list({}) });
  app.post('/find_all', {
    schema: { ...findAllSchema, body: NO_INPUT },
    preValidation: bodyMayBeAbsent,
    handler: async () => list({}),
  });
  app.post<{ Body: OneSession }>('/terminate', {
    schema: { summary: 'End a session', body: OneSession, querystring: NO_INPUT, response: TERMINATE_REPLIES },
    handler: async (request, reply) => {
      const order = { filter: request.body, cause: 'disconnect', scope: 'fleet', dryRun: false, denyForMs: 0 } as const;
      return sendAnswer(reply, await terminate(deps, order, deps.callerOf(request)), order);
    },
  });
}

function matching(registry: StreamRegistry, { appKey, clientVersion, sessionId }: FindBody): Stream[] {
  const candidates = sessionId === undefined ? registry.all() : registry.bySession(sessionId);
  return [...candidates].filter(
    (stream) =>
      (appKey === undefined || stream.appKey === appKey) &&
      (clientVersion === undefined || stream.client.version === clientVersion),
  );
}
