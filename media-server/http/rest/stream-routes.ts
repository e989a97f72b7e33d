import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { StreamFilter } from '../../../crds/schema/stream-filter.ts';
import { type TerminateDeps, type TerminateOrder, terminate } from '../../fleet/terminate-here.ts';
import type { EndedLog } from '../../streams/ended-log.ts';
import { isEverything, matchStreams } from '../../streams/filter.ts';
import type { Stream } from '../../streams/stream.ts';
import { findObject } from '../../streams/stream-object.ts';
import { HttpError } from '../errors.ts';
import { bodyMayBeAbsent, NO_INPUT, normalizeFilter } from './input.ts';
import { Ended, FindAllBody, FindBody, FindQuery, FoundStream, TerminateQuery } from './stream-schemas.ts';
import { sendAnswer, TERMINATE_REPLIES } from './terminate-reply.ts';

export type StreamRoutesDeps = TerminateDeps & {
  readonly ended: EndedLog;
  readonly nodeId: string;
  readonly refusesEmptyFilter: () => boolean;
  readonly callerOf: (request: FastifyRequest) => string;
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
      return sendAnswer(reply, await terminate(deps, order, deps.callerOf(request)), order);
    },
  });

  app.post<{ Body: Static<typeof FindBody> }>('/find', {
    schema: {
      summary: 'Streams that match a filter',
      body: FindBody,
      querystring: FindQuery,
      response: { 200: Type.Array(FoundStream) },
    },
    preValidation: normalizeFilter,
    handler: ({ body: { display, ...filter } }) =>
      found(deps, matchStreams(deps.registry, readFilter(filter)), display),
  });

  const findAll = (display: readonly string[] | undefined) => found(deps, [...deps.registry.all()], display);
  const findAllSchema = { summary: 'All streams', querystring: FindQuery, response: { 200: Type.Array(FoundStream) } };
  app.get('/find_all', { schema: findAllSchema, handler: () => findAll(undefined) });
  app.post<{ Body: Static<typeof FindAllBody> }>('/find_all', {
    schema: { ...findAllSchema, body: FindAllBody },
    preValidation: bodyMayBeAbsent,
    handler: ({ body }) => findAll(body.display),
  });

  app.get('/ended', {
    schema: {
      summary: 'The last hundred streams that ended, newest first, with `cause` and `endedAt`',
      querystring: NO_INPUT,
      response: { 200: Type.Array(Ended) },
    },
    handler: async () => deps.ended.all(),
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
  return { filter, dryRun, cause: 'rest', scope: query.scope ?? 'fleet', denyForMs: readDenyFor(query.denyFor) };
}

function readDenyFor(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDurationMs(text);
  if (ms !== null && ms > 0 && ms <= MAX_DENY_MS) return ms;
  throw new HttpError(400, 'query.denyFor: must be a duration such as 60s or 1h30m, at most 24h');
}

async function found(deps: StreamRoutesDeps, streams: readonly Stream[], display: readonly string[] | undefined) {
  if (streams.length === 0) throw new HttpError(404, 'no stream matches');
  const withMetrics = display?.includes('metrics') ?? false;
  return Promise.all(streams.map((stream) => describe(deps, stream, withMetrics)));
}

async function describe(deps: StreamRoutesDeps, stream: Stream, withMetrics: boolean) {
  const object = findObject(stream, deps.nodeId);
  if (!withMetrics) return object;
  // A transport that closes meanwhile has no metrics.
  const metrics = await stream.leg?.metrics().catch(() => null);
  return metrics ? { ...object, bitrate: Math.round(metrics.bitrate), metrics } : object;
}
