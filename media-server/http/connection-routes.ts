import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { connectionObject } from '../hooks/payload.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Terminator } from '../streams/terminate.ts';
import { HttpError } from './errors.ts';
import { normalizeFilter } from './filter-body.ts';

export type ConnectionRoutesDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  readonly nodeId: string;
};

const SessionId = Type.String({ minLength: 1, maxLength: 1024, description: 'Id of a session' });
const OneSession = Type.Object({ sessionId: SessionId }, { additionalProperties: false });
const MaybeSession = Type.Object({ sessionId: Type.Optional(SessionId) }, { additionalProperties: false });

/** `/rest-api/connection/*` (WCS): one session = one WHIP or WHEP resource = one stream. */
export async function connectionRoutes(app: FastifyInstance, deps: ConnectionRoutesDeps): Promise<void> {
  const list = (sessionId: string | undefined) => {
    const streams = sessionId === undefined ? [...deps.registry.all()] : [...deps.registry.bySession(sessionId)];
    if (streams.length === 0) throw new HttpError(404, 'no connection matches');
    return streams.map((stream) => connectionObject(stream, deps.nodeId));
  };

  app.post<{ Body: { sessionId?: string } }>('/find', {
    schema: { summary: 'Connections that match', body: MaybeSession },
    preValidation: normalizeFilter,
    handler: async ({ body }) => list(body.sessionId),
  });
  app.get('/find_all', { schema: { summary: 'All connections' }, handler: async () => list(undefined) });
  app.post('/find_all', {
    schema: { summary: 'All connections', body: Type.Object({}, { additionalProperties: false }) },
    preValidation: async (request) => {
      request.body ??= {};
    },
    handler: async () => list(undefined),
  });
  app.post<{ Body: { sessionId: string } }>('/terminate', {
    schema: { summary: 'End a session', body: OneSession },
    handler: async ({ body }) => {
      const streams = [...deps.registry.bySession(body.sessionId)];
      if (streams.length === 0) throw new HttpError(404, 'no connection matches');
      const ended = await Promise.all(streams.map((stream) => deps.terminator.end(stream, 'disconnect')));
      return { matched: streams.length, terminated: ended.filter(Boolean).length };
    },
  });
}
