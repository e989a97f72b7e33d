import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { StreamFilter } from '../../../crds/schema/stream-filter.ts';
import { collect } from '../../fleet/collect.ts';
import { type TerminateDeps, type TerminateOrder, terminate } from '../../fleet/terminate.ts';
import { isEverything } from '../../streams/filter.ts';
import { HttpError } from '../errors.ts';
import { sendCollected } from './collected-reply.ts';
import { bodyMayBeAbsent, normalizeFilter } from './input.ts';
import { Ended, FindAllBody, FindBody, FindQuery, FoundStream, TerminateQuery } from './stream-schemas.ts';
import { sendAnswer, TERMINATE_REPLIES } from './terminate-reply.ts';

export type StreamRoutesDeps = TerminateDeps & {
  readonly refusesEmptyFilter: () => boolean;
  readonly callerOf: (request: FastifyRequest) => string;
};

type FindOrder = {
  readonly filter: StreamFilter;
  readonly display: readonly string[] | undefined;
  readonly scope: 'fleet' | 'pod' | undefined;
};

const MAX_DENY_MS = 24 * 60 * 60 * 1000;

/** `/rest-api/stream/*`: terminate, find, find_all, ended. */
export async function streamRoutes(app: FastifyInstance, deps: StreamRoutesDeps): Promise<void> {
  app.post<{ Body: StreamFilter; Querystring: TerminateQuery }>('/terminate', {
    schema: {
      summary: 'End every stream that matches a filter',
      body: StreamFilter,
      querystring: TerminateQuery,
      response: TERMINATE_REPLIES,
    },
    preValidation: normalizeFilter,
    handler: async (request, reply) => {
      const order = readOrder(deps, request.body, request.query);
      return sendAnswer(reply, await terminate(deps, order, deps.callerOf(request)));
    },
  });

  const find = async (reply: FastifyReply, { display, filter, scope = 'fleet' }: FindOrder) => {
    const metrics = display?.includes('metrics') ?? false;
    return sendCollected(reply, await collect(deps.fleet, scope, 'find', { filter, metrics }), 'no stream matches');
  };
  app.post<{ Body: Static<typeof FindBody>; Querystring: FindQuery }>('/find', {
    schema: {
      summary: 'Streams that match a filter',
      body: FindBody,
      querystring: FindQuery,
      response: { 200: Type.Array(FoundStream) },
    },
    preValidation: normalizeFilter,
    handler: async ({ body: { display, ...filter }, query }, reply) =>
      find(reply, { filter: readFilter(filter), display, scope: query.scope }),
  });

  const findAllSchema = { summary: 'All streams', querystring: FindQuery, response: { 200: Type.Array(FoundStream) } };
  app.get<{ Querystring: FindQuery }>('/find_all', {
    schema: findAllSchema,
    handler: ({ query }, reply) => find(reply, { filter: {}, display: undefined, scope: query.scope }),
  });
  app.post<{ Body: Static<typeof FindAllBody>; Querystring: FindQuery }>('/find_all', {
    schema: { ...findAllSchema, body: FindAllBody },
    preValidation: bodyMayBeAbsent,
    handler: ({ body, query }, reply) => find(reply, { filter: {}, display: body.display, scope: query.scope }),
  });

  app.get<{ Querystring: FindQuery }>('/ended', {
    schema: {
      summary: 'The last hundred streams of each pod that ended, newest first, with `cause`, `endedAt` and `held`',
      querystring: FindQuery,
      response: { 200: Type.Array(Ended) },
    },
    handler: async ({ query }, reply) => {
      const { missing, objects } = await collect(deps.fleet, query.scope ?? 'fleet', 'ended', {});
      const newestFirst = [...objects].sort((one, other) => Number(other['endedAt']) - Number(one['endedAt']));
      return sendCollected(reply, { missing, objects: newestFirst }, null);
    },
  });
}

function readFilter({ published, ...filter }: Omit<Static<typeof FindBody>, 'display'>): StreamFilter {
  return published === undefined ? filter : { ...filter, published: published === true || published === 'true' };
}

function readOrder(deps: StreamRoutesDeps, filter: StreamFilter, query: TerminateQuery): TerminateOrder {
  const dryRun = query.dryRun === 'true';
  if (isEverything(filter) && deps.refusesEmptyFilter()) {
    throw new HttpError(400, 'body: this MediaServer refuses {} (rest.emptyFilter: Refuse); set at least one member');
  }
  return { filter, dryRun, scope: query.scope ?? 'fleet', denyForMs: readDenyFor(query.denyFor) };
}

function readDenyFor(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDurationMs(text);
  if (ms !== null && ms > 0 && ms <= MAX_DENY_MS) return ms;
  throw new HttpError(400, 'query.denyFor: must be a duration such as 60s or 1h30m, at most 24h');
}
