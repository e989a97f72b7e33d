import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RosterMember } from '../../../crds/schema/internal.ts';
import type { Direction } from '../../../crds/schema/stream.ts';
import { isRefused } from '../../fleet/ask.ts';
import type { ForwardedReply, ForwardedRequest, Forwarding } from '../../fleet/forward.ts';
import type { Client } from '../../streams/stream.ts';
import { HttpError } from '../errors.ts';

/** What the pod that a client reached knows about the request, for the pod that answers it. */
const VIA = 'sluice-forwarded';

/** Facts about a request that only the first pod can know. */
export type Origin = Pick<Client, 'address' | 'isShared'> & {
  /** The path prefix that trusted proxies removed. */
  readonly prefix: string;
};

const REQUEST_HEADERS = ['content-type', 'if-match', 'accept', 'origin', 'user-agent', 'authorization'];
const REPLY_HEADERS = [
  'content-type',
  'location',
  'etag',
  'link',
  'accept-patch',
  'retry-after',
  'cache-control',
  'x-accel-buffering',
];

/** How a pod hands requests of clients on to others. */
export type FleetSessions = {
  readonly forwarding: Pick<Forwarding, 'forward' | 'podById'>;
  /**
   * The pods that an offer goes to instead of this one, the best first: the pod on which the publication is live, or
   * any other one for a new publication while this pod drains. Empty = this pod answers.
   */
  readonly goesTo: (direction: Direction, appKey: string, name: string) => readonly RosterMember[];
  /** The pod says that the publication is not live there. */
  readonly forget: (uid: string, appKey: string, name: string) => void;
};

type ForwardOptions = Pick<ForwardedRequest, 'timeoutMs'> & {
  readonly forwarding: Pick<Forwarding, 'forward'>;
  readonly origin: Origin;
};

/** Sends a request of a client on to another pod, and its answer to the client. Throws a 503 if it does not answer. */
export async function forwardTo(
  member: RosterMember,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ForwardOptions,
): Promise<FastifyReply> {
  try {
    return relay(await forward(member, request, reply, options), reply);
  } catch (error) {
    throw unanswered(member, error);
  }
}

/**
 * Sends a request to the first pod that takes it. One that answers 503 or refuses the connection has not started a
 * session, so the next one may.
 */
export async function forwardToFirst(
  members: readonly RosterMember[],
  request: FastifyRequest,
  reply: FastifyReply,
  options: ForwardOptions,
): Promise<FastifyReply> {
  const [first, ...others] = members;
  if (!first) throw new HttpError(503, 'no other pod takes the request', { retryAfterSeconds: 1 });
  try {
    const answer = await forward(first, request, reply, options);
    if (answer.status !== 503 || others.length === 0) return relay(answer, reply);
    answer.body.resume();
  } catch (error) {
    if (!isRefused(error) || others.length === 0) throw unanswered(first, error);
  }
  return forwardToFirst(others, request, reply, options);
}

function forward(
  member: RosterMember,
  request: FastifyRequest,
  reply: FastifyReply,
  { forwarding, origin, timeoutMs }: ForwardOptions,
): Promise<ForwardedReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return forwarding.forward(member, {
    method: request.method,
    url: request.url,
    headers: { ...pick(request.headers, REQUEST_HEADERS), [VIA]: encodeURIComponent(JSON.stringify(origin)) },
    body: bodyOf(request),
    signal: gone.signal,
    timeoutMs,
  });
}

function relay({ body, headers, status }: ForwardedReply, reply: FastifyReply): FastifyReply {
  // The client has gone, or the other pod; the response is cut off either way.
  body.on('error', () => undefined);
  reply.code(status).headers(pick(headers, REPLY_HEADERS));
  if (status !== 204) return reply.send(body);
  body.resume();
  return reply.send();
}

function unanswered({ pod }: RosterMember, error: unknown): HttpError {
  const reason = error instanceof Error ? error.message : String(error);
  return new HttpError(503, `pod ${pod} could not be asked: ${reason}`, { cause: error, retryAfterSeconds: 1 });
}

/** Reads what `forwardTo` has sent. The internal listener has authenticated the pod. */
export function originOf({ headers }: Pick<FastifyRequest, 'headers'>): Origin {
  const text = headers[VIA];
  if (typeof text !== 'string') throw new HttpError(400, `${VIA}: the header is missing`);
  return JSON.parse(decodeURIComponent(text)) as Origin;
}

function bodyOf({ body }: FastifyRequest): string | null {
  if (body === undefined || body === null) return null;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function pick(headers: Readonly<Record<string, string | string[] | undefined>>, names: readonly string[]) {
  const present = names.flatMap((name): [string, string][] => {
    const value = headers[name];
    return value === undefined ? [] : [[name, [value].flat().join(', ')]];
  });
  return Object.fromEntries(present);
}
