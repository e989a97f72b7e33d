import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { collect } from '../../fleet/collect.ts';
import { disconnect } from '../../fleet/disconnect.ts';
import type { TerminateDeps } from '../../fleet/terminate.ts';
import { sendCollected } from './collected-reply.ts';
import { FindBody, Found, OneSession } from './connection-schemas.ts';
import { bodyMayBeAbsent, NO_INPUT, normalizeFilter } from './input.ts';
import { sendAnswer, TERMINATE_REPLIES } from './terminate-reply.ts';

export type ConnectionRoutesDeps = TerminateDeps & {
  readonly callerOf: (request: FastifyRequest) => string;
};

/** `/rest-api/connection/*` (WCS): sessions, each with its streams. */
export async function connectionRoutes(app: FastifyInstance, deps: ConnectionRoutesDeps): Promise<void> {
  const list = async (filter: FindBody, reply: FastifyReply) =>
    sendCollected(reply, await collect(deps.fleet, 'fleet', 'connections', { filter }), 'no connection matches');

  app.post<{ Body: FindBody }>('/find', {
    schema: { summary: 'Connections that match', body: FindBody, querystring: NO_INPUT, response: { 200: Found } },
    preValidation: normalizeFilter,
    handler: ({ body }, reply) => list(body, reply),
  });
  const findAllSchema = { summary: 'All connections', querystring: NO_INPUT, response: { 200: Found } };
  app.get('/find_all', { schema: findAllSchema, handler: (_request, reply) => list({}, reply) });
  app.post('/find_all', {
    schema: { ...findAllSchema, body: NO_INPUT },
    preValidation: bodyMayBeAbsent,
    handler: (_request, reply) => list({}, reply),
  });
  app.post<{ Body: OneSession }>('/terminate', {
    schema: { summary: 'End a session', body: OneSession, querystring: NO_INPUT, response: TERMINATE_REPLIES },
    handler: async (request, reply) => {
      const { sessionId } = request.body;
      return sendAnswer(reply, await disconnect(deps, sessionId, deps.callerOf(request)));
    },
  });
}
