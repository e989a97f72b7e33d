import type { FastifyReply } from 'fastify';
import type { Collected } from '../../fleet/collect.ts';
import { HttpError } from '../errors.ts';

/** Lists the pods whose objects are not in the answer. */
const INCOMPLETE = 'sluice-incomplete';

/**
 * Sends what was found. If a pod could not be asked, a header names it; if nothing was found elsewhere, that is a 503.
 * `none`: the detail of the 404 if nothing exists; null = an empty list is an answer.
 */
export function sendCollected(reply: FastifyReply, { missing, objects }: Collected, none: string | null): FastifyReply {
  if (missing.length > 0) reply.header(INCOMPLETE, missing.join(', '));
  if (objects.length === 0 && missing.length > 0) {
    throw new HttpError(503, `could not be asked: ${missing.join(', ')}`, { retryAfterSeconds: 1 });
  }
  if (objects.length === 0 && none !== null) throw new HttpError(404, none);
  return reply.send(objects);
}
