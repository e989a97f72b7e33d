import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RosterMember } from '../../../crds/schema/internal.ts';
import type { ForwardedRequest, Forwarding } from '../../fleet/forward.ts';
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
  /** The other pod on which a publication is live; null if it is live here, or nowhere as far as is known. */
  readonly holderOf: (appKey: string, name: string) => RosterMember | null;
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
  { forwarding, origin, timeoutMs }: ForwardOptions,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  try {
    const answer = await forwarding.forward(member, {
      method: request.method,
      url: request.url,
      headers: { ...pick(request.headers, REQUEST_HEADERS), [VIA]: encodeURIComponent(JSON.stringify(origin)) },
      body: bodyOf(request),
      signal: gone.signal,
      timeoutMs,
    });
    // The client has gone, or the other pod; the response is cut off either way.
    answer.body.on('error', () => undefined);
    reply.code(answer.status).headers(pick(answer.headers, REPLY_HEADERS));
    if (answer.status !== 204) return reply.send(answer.body);
    answer.body.resume();
    return reply.send();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HttpError(503, `pod ${member.pod}, which holds the session, could not be asked: ${reason}`, {
      cause: error,
      retryAfterSeconds: 1,
    });
  }
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
