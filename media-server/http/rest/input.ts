import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { HttpError } from '../errors.ts';

/** The body or query of a call that takes none. Unknown members are refused by name, not ignored. */
export const NO_INPUT = Type.Object({}, { additionalProperties: false });

/** Makes a missing body `{}`. Runs before validation. */
export async function bodyMayBeAbsent(request: FastifyRequest): Promise<void> {
  request.body ??= {};
}

/**
 * Removes `null` members from a filter. Runs before validation. An accidental body must never mean "all", so this
 * refuses a missing body, `[]` (PHP's empty array), other non-objects, and a body whose members are all null.
 */
export async function normalizeFilter(request: FastifyRequest): Promise<void> {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'body: must be a JSON object with a filter; send {} to match everything');
  }
  const members = Object.entries(body);
  const set = members.filter(([, value]) => value !== null);
  // `display` selects the form of the answer, not the streams.
  const isEmptied = set.length < members.length && set.every(([name]) => name === 'display');
  if (isEmptied) {
    throw new HttpError(400, 'body: every member is null; set at least one member, or send {} to match everything');
  }
  request.body = Object.fromEntries(set);
}
