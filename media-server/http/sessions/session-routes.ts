import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Direction } from '../../../crds/schema/stream.ts';
import type { Clock } from '../../../process/clock.ts';
import { OfferError } from '../../sdp/offer-error.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import type { Stream } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { requireType, TRICKLE_TYPE } from '../content-type.ts';
import { HttpError } from '../errors.ts';
import { matchesETag } from './if-match.ts';
import { followStream } from './session-events.ts';

export type SessionRoutesDeps = {
  readonly registry: Pick<StreamRegistry, 'getBySecret'>;
  readonly terminator: Terminator;
  /** Opaque id of this pod in Location URLs. */
  readonly podId: string;
  readonly clock: Clock;
  /** The path prefix that trusted proxies removed. */
  readonly prefixOf: (request: FastifyRequest) => string;
};

type Params = { appKey: string; name: string; podId: string; secret: string };

/** The routes of a session's URL, the same for WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep). */
export function sessionRoutes(app: FastifyInstance, direction: Direction, deps: SessionRoutesDeps): void {
  const url = `/:appKey/:name/:podId/:secret`;
  const find = (request: FastifyRequest): Stream => findStream(deps, direction, request.params as Params);

  app.get(url, async (request, reply) => {
    find(request);
    return reply.code(204).send();
  });
  const onRequest = async (request: FastifyRequest): Promise<void> => requireType(request, TRICKLE_TYPE);
  app.patch(url, { onRequest }, (request, reply) => onLive(find(request), (stream) => patch(stream, request, reply)));
  app.delete(url, async (request, reply) => {
    await deps.terminator.end(find(request), 'client');
    return reply.code(200).send();
  });
  app.get(`${url}/events`, { exposeHeadRoute: false }, (request, reply) =>
    followStream(find(request), reply, deps.clock),
  );
  app.post(`${url}/events`, (request, reply) => {
    find(request);
    return reply
      .code(201)
      .header('location', `${deps.prefixOf(request)}${request.url}`)
      .send();
  });
  if (direction !== 'play') return;
  app.post(`${url}/layer`, (request, reply) => onLive(find(request), (stream) => selectLayer(stream, request, reply)));
}

/** The ETag of a session names its ICE session (RFC 9725 §4.3.1). */
export function etagOf(stream: Stream): string {
  return `"${stream.leg?.iceUfrag() ?? ''}"`;
}

function findStream(deps: SessionRoutesDeps, direction: Direction, params: Params): Stream {
  const stream = deps.registry.getBySecret(params.secret);
  if (params.podId === deps.podId && stream?.direction === direction && stream.cause === null) return stream;
  throw noSuchSession();
}

function noSuchSession(cause?: unknown): HttpError {
  return new HttpError(404, 'session not found: it has ended, or the URL is not the Location of a session', { cause });
}

/** Answers 404 if the work fails because the stream ended meanwhile. */
async function onLive<T>(stream: Stream, work: (stream: Stream) => Promise<T>): Promise<T> {
  try {
    return await work(stream);
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
