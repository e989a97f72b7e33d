import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { RosterMember } from '../../../crds/schema/internal.ts';
import { isUnsent } from '../../fleet/ask.ts';
import type { ForwardedReply, ForwardedRequest, Forwarding } from '../../fleet/forward.ts';
import { checkMessage } from '../../fleet/messages.ts';
import type { Placement } from '../../fleet/placement.ts';
import { HttpError } from '../errors.ts';

/** What the pod that a client reached knows about the request, for the pod that answers it. */
const VIA = 'sluice-forwarded';

/** Facts about a request that only the first pod can know. */
const Origin = Type.Object({
  address: Type.String(),
  isShared: Type.Boolean(),
  /** The path prefix that trusted proxies removed. */
  prefix: Type.String(),
  /** True if the first pod cannot serve the client. */
  isFinal: Type.Optional(Type.Boolean()),
});
export type Origin = Readonly<Static<typeof Origin>>;

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
  readonly placement: Pick<Placement, 'goesTo' | 'sendsBack'>;
};

/** The pod that was asked sends the request back (RFC 9110 §15.5.20). */
export const MISDIRECTED = 421;

type ForwardOptions = Pick<ForwardedRequest, 'timeoutMs'> & {
  readonly forwarding: Pick<Forwarding, 'forward'>;
  readonly origin: Origin;
};

/**
 * Sends a request of a client on to the first pod that takes it, and its answer to the client. False = a pod has sent
 * the request back: this pod is to answer. Throws a 503 if none of them answers.
 */
export async function forwardToFirst(
  members: readonly RosterMember[],
  request: FastifyRequest,
  reply: FastifyReply,
  { forwarding, origin, timeoutMs }: ForwardOptions,
): Promise<boolean> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const answer = await firstAnswer(members, forwarding, {
    method: request.method,
    url: request.url,
    headers: { ...pick(request.headers, REQUEST_HEADERS), [VIA]: encodeURIComponent(JSON.stringify(origin)) },
    body: bodyOf(request),
    signal: gone.signal,
    timeoutMs,
  });
  // The client has gone, or the other pod; the response is cut off either way.
  answer.body.on('error', () => undefined);
  if (answer.status === MISDIRECTED) answer.body.resume();
  else relay(answer, reply);
  return answer.status !== MISDIRECTED;
}

/** A pod that answers 503 or cannot be connected to has not started a session, so the next one may. */
async function firstAnswer(
  members: readonly RosterMember[],
  forwarding: ForwardOptions['forwarding'],
  forwarded: ForwardedRequest,
): Promise<ForwardedReply> {
  for (const [index, member] of members.entries()) {
    const isLast = index === members.length - 1;
    try {
      const answer = await forwarding.forward(member, forwarded);
      if (answer.status !== 503 || isLast) return answer;
      answer.body.on('error', () => undefined).resume();
    } catch (error) {
      if (isLast || !isUnsent(error)) throw unanswered(error);
    }
  }
  throw unanswered(null);
}

function relay({ body, headers, status }: ForwardedReply, reply: FastifyReply): void {
  reply.code(status).headers(pick(headers, REPLY_HEADERS));
  if (status !== 204) return void reply.send(body);
  body.resume();
  reply.send();
}

/** Clients learn neither names nor addresses of pods. */
const unanswered = (cause: unknown): HttpError =>
  new HttpError(503, 'the media server that must answer cannot be reached', { cause, retryAfterSeconds: 1 });

/** Reads what `forwardToFirst` has sent. The internal listener has authenticated the pod. */
export function originOf({ headers }: Pick<FastifyRequest, 'headers'>): Origin {
  try {
    return checkMessage(Origin, JSON.parse(decodeURIComponent(String(headers[VIA]))), VIA);
  } catch (error) {
    throw new HttpError(400, `${VIA}: the header is missing or not valid`, { cause: error });
  }
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
