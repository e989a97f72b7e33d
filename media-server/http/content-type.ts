import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from './errors.ts';

/** Media types of WHIP and WHEP: RFC 9725 §4.2, RFC 8840 §9. */
export const SDP_TYPE = 'application/sdp';
export const TRICKLE_TYPE = 'application/trickle-ice-sdpfrag';

/** Throws a 415 that names the expected type. */
export function requireType(request: FastifyRequest, type: string): void {
  const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (given !== type) throw unsupported(type);
}

/** Answers 415 with the expected type if no parser accepts the type of the body, or if it has none. */
export function refuseOtherTypes(app: FastifyInstance, typeFor: (request: FastifyRequest) => string): void {
  app.addContentTypeParser('*', (request, _payload, done) => done(unsupported(typeFor(request))));
}

const unsupported = (expected: string): HttpError => new HttpError(415, `Content-Type: must be ${expected}`);
