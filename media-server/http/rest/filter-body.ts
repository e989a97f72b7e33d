import type { FastifyRequest } from 'fastify';
import { HttpError } from '../errors.ts';

/**
 * What a client sends by accident must never mean "all": runs before validation, takes out `null` members, and refuses
 * a missing body, `[]` (PHP's empty array), other non-objects, and a body in which only nulls were.
 */
export async function normalizeFilter(request: FastifyRequest): Promise<void> {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'body: expected a JSON object with a filter; send {} for all streams');
  }
  const members = Object.entries(body);
  const set = members.filter(([, value]) => value !== null);
  // `display` says how to answer, not what to match.
  const isEmptied = set.length < members.length && set.every(([name]) => name === 'display');
  if (isEmptied) {
    throw new HttpError(400, 'body: every member is null; name what to match, or send {} for all streams');
  }
  request.body = Object.fromEntries(set);
}
