import type { FastifyRequest } from 'fastify';
import { HttpError } from './errors.ts';

/** Throws a 415 that names the type that is taken here. */
export function requireType(request: FastifyRequest, type: string): void {
  const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (given !== type) throw new HttpError(415, `Content-Type: expected ${type}`);
}
