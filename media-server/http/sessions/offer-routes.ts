import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IceServer } from '../../../crds/schema/server-config.ts';
import type { Direction } from '../../../crds/schema/stream.ts';
import { faultOfName } from '../../../crds/schema/stream-name.ts';
import type { Clock } from '../../../process/clock.ts';
import type { Placement } from '../../fleet/placement.ts';
import type { Rejection, StreamOutcome } from '../../sessions/requests.ts';
import type { SingleRequest } from '../../sessions/single.ts';
import type { Stream } from '../../streams/stream.ts';
import { refuseOtherTypes, requireType, SDP_TYPE, TRICKLE_TYPE } from '../content-type.ts';
import { HttpError, pathOf } from '../errors.ts';
import type { FleetSessionsDeps } from './fleet-sessions.ts';
import { forwardToFirst, MISDIRECTED } from './forward.ts';
import { iceServerLinks } from './link-headers.ts';
import { etagOf } from './session-routes.ts';

export type OfferRoutesDeps = FleetSessionsDeps & {
  readonly iceServers: () => readonly IceServer[];
  /** Decides which viewers that another pod has handed on are sent back to it; null for viewers that come here. */
  readonly sentBackBy: Pick<Placement, 'sendsBack'> | null;
};

export type OfferProtocol = {
  /** The reply to `GET` and `HEAD` of an endpoint. */
  readonly describe: (reply: FastifyReply) => FastifyReply;
  readonly start: (request: SingleRequest) => Promise<StreamOutcome>;
  readonly direction: Direction;
  /** `Link` values for the extensions of a session. */
  readonly extensions: (location: string) => readonly string[];
};

/** The pod that holds the publication asks the backend before it answers. */
const FORWARD_OFFER_MS = 30_000;

/** POST, OPTIONS, GET and HEAD of a WHIP or WHEP endpoint, `/{appKey}/{name}`. */
export function offerRoutes(app: FastifyInstance, deps: OfferRoutesDeps, protocol: OfferProtocol): void {
  acceptSdp(app);

  app.post('/:appKey/:name', async (request, reply) => {
    const wanted = singleRequest(request, reply, deps);
    if (protocol.direction === 'play' && isSentBack(request, deps, wanted)) return reply.code(MISDIRECTED).send();
    if (await forwardOffer(request, reply, { deps, direction: protocol.direction, wanted })) return reply;
    const started = startedOf(await protocol.start(wanted));
    const location = locationOf(started.stream, request, deps);
    const links = [...iceServerLinks(deps.iceServers()), ...protocol.extensions(location)];
    return sendAnswer(reply, started, { location, links });
  });

  // Some clients and monitors probe the endpoint before they offer (RFC 9725 §4.1).
  app.get('/:appKey/:name', async (_request, reply) => protocol.describe(reply).send());

  app.options('/:appKey/:name', async (request, reply) => {
    // CORS preflights get no Link (RFC 9725 §4.6).
    if (!isPreflight(request)) reply.header('link', iceServerLinks(deps.iceServers()));
    return reply.code(204).header('accept-post', SDP_TYPE).send();
  });
}

/** Accepts the bodies of offers and of trickle ICE, and the JSON of `layer`. */
export function acceptSdp(app: FastifyInstance): void {
  app.addContentTypeParser([SDP_TYPE, TRICKLE_TYPE], { parseAs: 'string' }, (_request, body, done) => done(null, body));
  refuseOtherTypes(app, typeFor);
}

type Started = Extract<StreamOutcome, { kind: 'started' }>;

type Members = (rejection: Rejection) => Readonly<Record<string, string>>;

/** Throws the error response of a rejection. `membersOf` adds members to it. */
export function startedOf(outcome: StreamOutcome, membersOf: Members = () => ({})): Started {
  if (outcome.kind === 'started') return outcome;
  const { detail, retryAfterSeconds, status } = outcome.rejection;
  const members = membersOf(outcome.rejection);
  throw new HttpError(status, detail, { members, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
}

type Resource = { readonly location: string; readonly links: readonly string[] };

/** Answers an offer with the session that has started (RFC 9725 §4.2). */
export function sendAnswer(reply: FastifyReply, { answer, stream }: Started, { links, location }: Resource) {
  return reply
    .code(201)
    .header('location', location)
    .header('etag', etagOf(stream))
    .header('link', links)
    .header('accept-patch', TRICKLE_TYPE)
    .type(SDP_TYPE)
    .send(answer);
}

type Offer = { readonly deps: OfferRoutesDeps; readonly direction: Direction; readonly wanted: SingleRequest };

/** Whether the pod that a viewer reached is to serve it. */
function isSentBack(
  request: FastifyRequest,
  { originOf, sentBackBy }: OfferRoutesDeps,
  { appKey, name }: SingleRequest,
): boolean {
  return sentBackBy !== null && originOf(request).isFinal !== true && sentBackBy.sendsBack(appKey, name);
}

/** Hands an offer on if another pod is to answer it. False = this pod answers. */
async function forwardOffer(
  request: FastifyRequest,
  reply: FastifyReply,
  { deps, direction, wanted: { appKey, name } }: Offer,
): Promise<boolean> {
  const { fleetSessions, originOf } = deps;
  if (!fleetSessions) return false;
  const { forwarding, placement } = fleetSessions;
  const { isFinal, members } = placement.goesTo(direction, appKey, name);
  if (members.length === 0) return false;
  return forwardToFirst(members, request, reply, {
    forwarding,
    origin: { ...originOf(request), isFinal },
    timeoutMs: FORWARD_OFFER_MS,
  });
}

/** The media type that a route expects. */
function typeFor({ method, routeOptions }: FastifyRequest): string {
  if (routeOptions.url?.endsWith('/layer')) return 'application/json';
  return method === 'PATCH' ? TRICKLE_TYPE : SDP_TYPE;
}

const isPreflight = ({ headers }: FastifyRequest): boolean => headers['access-control-request-method'] !== undefined;

/** The part of an offer that is the same for all clients. */
export function readOffer(request: FastifyRequest, reply: FastifyReply, clock: Pick<Clock, 'monotonic'>) {
  const { appKey, name } = request.params as { appKey: string; name: string };
  checkName('appKey', appKey);
  checkName('name', name);
  requireType(request, SDP_TYPE);
  if (typeof request.body !== 'string' || request.body === '') throw new HttpError(400, 'body: must be an SDP offer');
  return { appKey, name, offer: request.body, arrivedAt: clock.monotonic(), signal: goneSignal(reply) };
}

function singleRequest(request: FastifyRequest, reply: FastifyReply, deps: OfferRoutesDeps): SingleRequest {
  const query = request.query as Record<string, unknown>;
  const { address, isShared } = deps.originOf(request);
  const token = bearerToken(request) ?? (typeof query['token'] === 'string' ? query['token'] : '');
  return {
    ...readOffer(request, reply, deps.clock),
    client: {
      address,
      isShared,
      origin: request.headers.origin ?? '',
      version: request.headers['user-agent'] ?? '',
      token,
    },
    custom: token === '' ? { ...query } : { ...query, token },
  };
}

/** Aborted when the connection closes before the reply has been sent. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

function checkName(field: string, value: string): void {
  const fault = faultOfName(value);
  if (fault !== null) throw new HttpError(400, `${field}: ${fault}`);
}

function bearerToken(request: FastifyRequest): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Uses the path of the request, since a backend may have renamed the stream. */
function locationOf(stream: Stream, request: FastifyRequest, { originOf, podId, resources }: OfferRoutesDeps): string {
  return `${originOf(request).prefix}${pathOf(request)}/${podId}/${resources.add(stream)}`;
}
