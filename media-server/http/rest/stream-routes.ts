import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { END_CAUSES, StreamObject } from '../../../crds/schema/stream.ts';
import type { Clock } from '../../../process/clock.ts';
import type { Log } from '../../../process/logger.ts';
import { askFleet, type FleetAnswer, type Member, type MemberAnswer } from '../../fleet/fan-out.ts';
import type { DenyList } from '../../streams/deny.ts';
import type { EndedLog } from '../../streams/ended-log.ts';
import { idsOf, isEverything, matchStreams, StreamFilter } from '../../streams/filter.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { Stream } from '../../streams/stream.ts';
import { findObject } from '../../streams/stream-object.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { HttpError } from '../errors.ts';
import { normalizeFilter } from './filter-body.ts';
import { bodyMayBeAbsent, NO_INPUT } from './no-input.ts';

export type StreamRoutesDeps = {
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  readonly deny: DenyList;
  readonly ended: EndedLog;
  readonly nodeId: string;
  readonly podName: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly refusesEmptyFilter: () => boolean;
  readonly callerOf: (request: FastifyRequest) => string;
  readonly metrics: { terminateRequest(scope: string, result: string): void };
};

const MAX_DENY_MS = 24 * 60 * 60 * 1000;

const Scope = Type.Enum(['fleet', 'pod'], {
  description:
    '`fleet` = every pod that this one asks (default; until pods ask one another that is itself), `pod` = only the one that answers',
});
const TerminateQuery = Type.Object(
  {
    dryRun: Type.Optional(Type.Enum(['true', 'false'], { description: '`true` = say what would end, end nothing' })),
    scope: Type.Optional(Scope),
    denyFor: Type.Optional(
      Type.String({ description: 'Refuse the same client the same stream for so long, such as `60s`; at most 24h' }),
    ),
  },
  { additionalProperties: false },
);
type TerminateQuery = Type.Static<typeof TerminateQuery>;

const TerminateReply = Type.Object({
  matched: Type.Integer({ description: 'Streams that matched' }),
  terminated: Type.Integer({ description: 'Streams that this request has ended' }),
  denied: Type.Optional(Type.Integer({ description: 'Clients that may not start again for `denyFor`' })),
  pods: Type.Array(
    Type.Object({
      pod: Type.String(),
      matched: Type.Integer(),
      terminated: Type.Integer(),
      error: Type.Optional(Type.String({ description: 'Why this pod could not be asked' })),
    }),
  ),
});

const Display = Type.Array(Type.Enum(['metrics']), { maxItems: 1, description: '`["metrics"]` adds `metrics`' });
/** WCS's clients write it as text. A terminate takes JSON booleans only. */
const Published = Type.Union([Type.Boolean(), Type.Enum(['true', 'false'])], {
  description: '`true` = publications, `false` = playbacks; also as text',
});
const FindBody = Type.Object(
  { ...StreamFilter.properties, published: Type.Optional(Published), display: Type.Optional(Display) },
  { additionalProperties: false, description: 'A filter; `{}` = all streams' },
);
const FindAllBody = Type.Object({ display: Type.Optional(Display) }, { additionalProperties: false });
const FindQuery = Type.Object({ scope: Type.Optional(Scope) }, { additionalProperties: false });
const FoundStream = Type.Object(
  { ...StreamObject.properties, metrics: Type.Optional(Type.Record(Type.String(), Type.Number())) },
  { additionalProperties: true },
);

const Ended = Type.Object(
  {
    ...StreamObject.properties,
    cause: Type.Enum(Object.keys(END_CAUSES), { description: 'Why it ended; `info` is the text of it' }),
    endedAt: Type.Integer({ description: 'Unix time in milliseconds' }),
  },
  { additionalProperties: true },
);

type TerminateOrder = { readonly filter: StreamFilter; readonly dryRun: boolean; readonly denyForMs: number };

/** `/rest-api/stream/*`: terminate, find, find_all, ended. */
export async function streamRoutes(app: FastifyInstance, deps: StreamRoutesDeps): Promise<void> {
  const self: Member<TerminateOrder> = { pod: deps.podName, ask: (order) => terminateHere(deps, order) };

  app.post<{ Body: StreamFilter; Querystring: TerminateQuery }>('/terminate', {
    schema: {
      summary: 'End every stream that matches a filter',
      body: StreamFilter,
      querystring: TerminateQuery,
      response: { 200: TerminateReply, 404: TerminateReply, 503: TerminateReply },
    },
    preValidation: normalizeFilter,
    handler: async (request, reply) => {
      const order = readOrder(deps, request.body, request.query);
      const answer = await askFleet([self], order, idsOf(order.filter));
      deps.metrics.terminateRequest(request.query.scope ?? 'fleet', String(answer.status));
      audit(deps, request, order, answer);
      return sendAnswer(reply, answer, order);
    },
  });

  app.post<{ Body: Type.Static<typeof FindBody> }>('/find', {
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
  app.post<{ Body: Type.Static<typeof FindAllBody> }>('/find_all', {
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

function readFilter({ published, ...filter }: Omit<Type.Static<typeof FindBody>, 'display'>): StreamFilter {
  return published === undefined ? filter : { ...filter, published: published === true || published === 'true' };
}

function readOrder(deps: StreamRoutesDeps, filter: StreamFilter, query: TerminateQuery): TerminateOrder {
  const dryRun = query.dryRun === 'true';
  if (isEverything(filter) && deps.refusesEmptyFilter()) {
    throw new HttpError(400, 'body: this MediaServer refuses {} (rest.emptyFilter: Refuse); name what to end');
  }
  return { filter, dryRun, denyForMs: readDenyFor(query.denyFor) };
}

function readDenyFor(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDurationMs(text);
  if (ms !== null && ms > 0 && ms <= MAX_DENY_MS) return ms;
  throw new HttpError(400, 'querystring.denyFor: expected a duration such as 60s or 1h30m, at most 24h');
}

async function terminateHere(deps: StreamRoutesDeps, order: TerminateOrder): Promise<MemberAnswer> {
  const orderedAt = deps.clock.monotonic();
  const streams = matchStreams(deps.registry, order.filter);
  const matchedIds = streams.map(({ id }) => id);
  if (order.dryRun) return { pod: deps.podName, matchedIds, terminated: 0, denied: 0 };
  const denied = order.denyForMs === 0 ? [] : streams.filter((stream) => deps.deny.deny(stream, order.denyForMs));
  const terminated = await deps.terminator.endAll(streams, 'rest', { orderedAt });
  return { pod: deps.podName, matchedIds, terminated, denied: denied.length };
}

function sendAnswer(reply: FastifyReply, answer: FleetAnswer, order: TerminateOrder): FastifyReply {
  const { denied, matched, pods, status, terminated } = answer;
  if (status === 503) reply.header('retry-after', '1');
  return reply.code(status).send({ matched, terminated, ...(order.denyForMs > 0 ? { denied } : {}), pods });
}

/** Who has ended what. Ids are only counted: there may be 10,000 of them. */
function audit(deps: StreamRoutesDeps, request: FastifyRequest, order: TerminateOrder, answer: FleetAnswer): void {
  const { denyForMs, dryRun, filter } = order;
  const { denied, matched, pods, status, terminated } = answer;
  const { mediaSessionIds, ...rest } = filter;
  const unasked = pods.filter(({ error }) => error !== undefined).map(({ error, pod }) => ({ pod, error }));
  deps.log.info(
    {
      caller: deps.callerOf(request),
      filter: mediaSessionIds ? { ...rest, mediaSessionIds: mediaSessionIds.length } : rest,
      dryRun,
      ...(denyForMs > 0 ? { denyForMs, denied } : {}),
      status,
      matched,
      terminated,
      ...(unasked.length > 0 ? { unasked } : {}),
    },
    'terminate requested',
  );
}

async function found(deps: StreamRoutesDeps, streams: readonly Stream[], display: readonly string[] | undefined) {
  if (streams.length === 0) throw new HttpError(404, 'no stream matches');
  const withMetrics = display?.includes('metrics') ?? false;
  return Promise.all(streams.map((stream) => describe(deps, stream, withMetrics)));
}

async function describe(deps: StreamRoutesDeps, stream: Stream, withMetrics: boolean) {
  const object = findObject(stream, deps.nodeId);
  if (!withMetrics) return object;
  // A transport that closes under our hands has no metrics any more.
  const metrics = await stream.leg?.metrics().catch(() => null);
  return metrics ? { ...object, bitrate: Math.round(metrics.bitrate), metrics } : object;
}
