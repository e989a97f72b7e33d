import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Direction } from '../../../crds/schema/stream.ts';
import type { Clock } from '../../../process/clock.ts';
import { OfferError } from '../../sdp/offer-error.ts';
import type { Stream } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { requireType, TRICKLE_TYPE } from '../content-type.ts';
import { HttpError } from '../errors.ts';
import { type FleetSessions, forwardToFirst, type Origin } from './forward.ts';
import { matchesETag } from './if-match.ts';
import type { Resources } from './resources.ts';
import { followStream } from './session-events.ts';

export type SessionRoutesDeps = {
  readonly resources: Resources;
  readonly terminator: Terminator;
  /** Opaque id of this pod in Location URLs. */
  readonly podId: string;
  readonly clock: Clock;
  /** Where a request comes from. */
  readonly originOf: (request: FastifyRequest) => Origin;
  /** null for requests that another pod has handed on: they are not handed on again. */
  readonly fleetSessions: FleetSessions | null;
};

/** How long the pod that holds a session may take to answer. */
const FORWARD_MS = 2_000;

type Params = { appKey: string; name: string; podId: string; secret: string };

/** The routes of a session's URL, the same for WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep). */
export function sessionRoutes(app: FastifyInstance, direction: Direction, deps: SessionRoutesDeps): void {
  const url = `/:appKey/:name/:podId/:secret`;
  const find = (request: FastifyRequest): Stream => findStream(deps, direction, request.params as Params);

  /** Hands a request on if another pod holds the session. */
  const held =
    (handle: (stream: Stream, request: FastifyRequest, reply: FastifyReply) => unknown) =>
    (request: FastifyRequest, reply: FastifyReply) =>
      isElsewhere(deps, request) ? forwardToHolder(deps, request, reply) : handle(find(request), request, reply);

  app.get(
    url,
    held((_stream, _request, reply) => reply.code(204).send()),
  );
  const onRequest = async (request: FastifyRequest): Promise<void> => requireType(request, TRICKLE_TYPE);
  app.patch(
    url,
    { onRequest },
    held((stream, request, reply) => onLive(stream, () => patch(stream, request, reply))),
  );
  app.delete(
    url,
    held(async (stream, _request, reply) => {
      await deps.terminator.end(stream, 'client');
      return reply.code(200).send();
    }),
  );
  app.get(
    `${url}/events`,
    { exposeHeadRoute: false },
    held((stream, _request, reply) => followStream(stream, reply, deps.clock)),
  );
  app.post(
    `${url}/events`,
    held((_stream, request, reply) =>
      reply
        .code(201)
        .header('location', `${deps.originOf(request).prefix}${request.url}`)
        .send(),
    ),
  );
  if (direction !== 'play') return;
  app.post(
    `${url}/layer`,
    held((stream, request, reply) => onLive(stream, () => selectLayer(stream, request, reply))),
  );
}

const isElsewhere = ({ podId }: SessionRoutesDeps, { params }: FastifyRequest): boolean =>
  (params as Params).podId !== podId;

/** Any pod takes requests for the sessions of all pods. Throws a 404 for a pod that is not in the fleet. */
async function forwardToHolder(
  deps: SessionRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const holder = deps.fleetSessions?.forwarding.podById((request.params as Params).podId);
  if (!deps.fleetSessions || !holder) throw noSuchSession();
  const { forwarding } = deps.fleetSessions;
  const options = { forwarding, origin: deps.originOf(request), timeoutMs: FORWARD_MS };
  // Only offers are sent back.
  if (!(await forwardToFirst([holder], request, reply, options))) throw noSuchSession();
  return reply;
}

/** The ETag of a session names its ICE session (RFC 9725 §4.3.1). */
export function etagOf(stream: Stream): string {
  return `"${stream.leg?.iceUfrag() ?? ''}"`;
}

function findStream(deps: SessionRoutesDeps, direction: Direction, params: Params): Stream {
  const stream = deps.resources.get(params.secret);
  if (params.podId === deps.podId && stream?.direction === direction) return stream;
  throw noSuchSession();
}

function noSuchSession(cause?: unknown): HttpError {
  return new HttpError(404, 'session not found: it has ended, or the URL is not the Location of a session', { cause });
}

/** Answers 404 if the work fails because the stream ended meanwhile. */
async function onLive<T>(stream: Stream, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw stream.cause === null ? error : noSuchSession(error);
  }
}

/** Trickle ICE, or an ICE restart when the credentials are new (RFC 9725 §4.3.2 and §4.3.3). */
async function patch(stream: Stream, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ifMatch = request.headers['if-match'];
  if (!stream.leg) throw new HttpError(409, 'the offer of the session has not been answered yet');
  if (ifMatch === undefined)
    throw new HttpError(428, 'the If-Match header is missing; send the ETag of the session, or *');
  if (!matchesETag(ifMatch, etagOf(stream))) {
    throw new HttpError(412, 'If-Match does not match the current ICE session');
  }
  const answer = await stream.leg.applyFragment(String(request.body ?? ''));
  if (answer === null) return reply.code(204).send();
  return reply.code(200).header('etag', etagOf(stream)).type(TRICKLE_TYPE).send(answer);
}

/** Selects a simulcast layer (`urn:ietf:params:whep:ext:core:layer`). */
async function selectLayer(stream: Stream, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (stream.leg?.kind !== 'playback') throw new HttpError(409, 'the offer of the session has not been answered yet');
  const { encodingId } = (request.body ?? {}) as { encodingId?: unknown };
  if (encodingId !== undefined && encodingId !== null && typeof encodingId !== 'string') {
    throw new OfferError('layer_unknown', 'encodingId: must be the name of a layer, or null for the best layer');
  }
  await stream.leg.selectLayer(encodingId ?? null);
  return reply.code(200).send();
}
