import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { HttpError } from '../errors.ts';

/** The body or query of a call that takes none: what a client sends all the same is refused by name, not ignored. */
export const NO_INPUT = Type.Object({}, { additionalProperties: false });

/** For calls whose body may be left out; runs before validation. */
export async function bodyMayBeAbsent(request: FastifyRequest): Promise<void> {
  request.body ??= {};
}

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
