import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Log } from '../../../process/logger.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { Stream } from '../../streams/stream.ts';
import { connectionObject } from '../../streams/stream-object.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { HttpError } from '../errors.ts';
import { normalizeFilter } from './filter-body.ts';
import { bodyMayBeAbsent, NO_INPUT } from './no-input.ts';

export type ConnectionRoutesDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  readonly nodeId: string;
  readonly log: Log;
  readonly callerOf: (request: FastifyRequest) => string;
};

const SessionId = Type.String({ minLength: 1, maxLength: 1024, description: 'Id of a session' });
const OneSession = Type.Object({ sessionId: SessionId }, { additionalProperties: false });
const FindBody = Type.Object(
  {
    sessionId: Type.Optional(SessionId),
    appKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'App key' })),
    clientVersion: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1024, description: "The client's `User-Agent` header" }),
    ),
  },
  { additionalProperties: false, description: 'All members are optional and ANDed; `{}` = all connections' },
);
type FindBody = Type.Static<typeof FindBody>;

const TerminateReply = Type.Object({
  matched: Type.Integer({ description: 'Streams of the session' }),
  terminated: Type.Integer({ description: 'Streams that this request has ended' }),
});

const Connection = Type.Object({
  nodeId: Type.String({ description: '`<pod name>@<announced address>` of the media server that holds the session' }),
  appKey: Type.String(),
  sessionId: Type.String(),
  status: Type.Enum(['PENDING', 'ESTABLISHED']),
  origin: Type.String({ description: "The client's `Origin` header, empty when it sent none" }),
  custom: Type.Record(Type.String(), Type.Unknown(), { description: 'What the client passed in its URL' }),
  mediaProviders: Type.Array(Type.String()),
  keepAlive: Type.Boolean(),
  clientVersion: Type.String({ description: "The client's `User-Agent` header" }),
  createDate: Type.Integer({ description: 'Unix time in milliseconds' }),
});
const Found = Type.Array(Connection);

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
  app.post<{ Body: { sessionId: string } }>('/terminate', {
    schema: { summary: 'End a session', body: OneSession, querystring: NO_INPUT, response: { 200: TerminateReply } },
    handler: async (request) => {
      const { sessionId } = request.body;
      const streams = [...deps.registry.bySession(sessionId)];
      const answer = { matched: streams.length, terminated: await deps.terminator.endAll(streams, 'disconnect') };
      deps.log.info({ caller: deps.callerOf(request), sessionId, ...answer }, 'connection terminate requested');
      if (streams.length === 0) throw new HttpError(404, 'no connection matches');
      return answer;
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
