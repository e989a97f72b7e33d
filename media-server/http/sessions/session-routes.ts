import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Direction } from '../../../crds/schema/stream.ts';
import { OfferError } from '../../sdp/offer-error.ts';
import type { Stream } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { requireType, TRICKLE_TYPE } from '../content-type.ts';
import { HttpError } from '../errors.ts';
import { matchesETag } from './if-match.ts';

type Handle = (stream: Stream, request: FastifyRequest, reply: FastifyReply) => unknown;

/** What differs between the URLs of sessions. */
export type SessionRoutes = {
  readonly direction: Direction;
  /** The path of a session below its endpoint. */
  readonly path: string;
  /** Runs a handler for the session that a request names. Throws a 404 if there is none. */
  readonly held: (handle: Handle) => (request: FastifyRequest, reply: FastifyReply) => unknown;
  /** Answers with the event stream of a session. */
  readonly follow: (stream: Stream, reply: FastifyReply) => void;
  /** The path prefix that trusted proxies removed. */
  readonly prefixOf: (request: FastifyRequest) => string;
  readonly terminator: Terminator;
};

/** The routes of a session's URL: WHIP (RFC 9725), WHEP (draft-ietf-wish-whep), and captures. */
export function sessionRoutes(app: FastifyInstance, routes: SessionRoutes): void {
  const { direction, follow, held, path, prefixOf, terminator } = routes;

  app.get(
    path,
    held((_stream, _request, reply) => reply.code(204).send()),
  );
  const onRequest = async (request: FastifyRequest): Promise<void> => requireType(request, TRICKLE_TYPE);
  app.patch(
    path,
    { onRequest },
    held((stream, request, reply) => onLive(stream, () => patch(stream, request, reply))),
  );
  app.delete(
    path,
    held(async (stream, _request, reply) => {
      await terminator.end(stream, 'client');
      return reply.code(200).send();
    }),
  );
  app.get(
    `${path}/events`,
    { exposeHeadRoute: false },
    held((stream, _request, reply) => follow(stream, reply)),
  );
  app.post(
    `${path}/events`,
    held((_stream, request, reply) =>
      reply
        .code(201)
        .header('location', `${prefixOf(request)}${request.url}`)
        .send(),
    ),
  );
  if (direction !== 'play') return;
  app.post(
    `${path}/layer`,
    held((stream, request, reply) => onLive(stream, () => selectLayer(stream, request, reply))),
  );
}

/** The ETag of a session names its ICE session (RFC 9725 §4.3.1). */
export function etagOf(stream: Stream): string {
  return `"${stream.leg?.iceUfrag() ?? ''}"`;
}

export function noSuchSession(cause?: unknown): HttpError {
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
