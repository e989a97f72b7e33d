import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

/** The body or query of a call that takes none: what a client sends all the same is refused by name, not ignored. */
export const NO_INPUT = Type.Object({}, { additionalProperties: false });

/** For calls whose body may be left out; runs before validation. */
export async function bodyMayBeAbsent(request: FastifyRequest): Promise<void> {
  request.body ??= {};
}
