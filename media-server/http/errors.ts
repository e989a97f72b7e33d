import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { fieldPathOf } from '../../crds/validate/resource.ts';
import type { Log } from '../../process/logger.ts';
import { OfferError } from '../sdp/offer-error.ts';
import { nearest } from './rest/nearest.ts';

export type HttpErrorOptions = ErrorOptions & {
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, string>>;
};

/** An error response; `detail` goes to the client. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, string>>;

  constructor(statusCode: number, detail: string, options: HttpErrorOptions = {}) {
    super(detail, options);
    this.name = 'HttpError';
    this.statusCode = statusCode;
    const { headers = {}, members = {}, retryAfterSeconds } = options;
    this.members = members;
    this.headers = retryAfterSeconds === undefined ? headers : { ...headers, 'retry-after': String(retryAfterSeconds) };
  }
}

/** Problem details (RFC 9457) with the members of WCS errors. */
export const PROBLEM = Type.Object({
  type: Type.String({ description: '`about:blank`: the status says what kind of problem it is' }),
  title: Type.String({ description: 'The name of the status' }),
  status: Type.Integer({ description: 'The HTTP status' }),
  detail: Type.String({ description: 'What is wrong; names the field' }),
  error: Type.String({ description: 'The same as `title` (WCS)' }),
  message: Type.String({ description: 'The same as `detail` (WCS)' }),
  timestamp: Type.Integer({ description: 'Unix time in milliseconds' }),
  path: Type.String({ description: 'The path of the request, without the query' }),
});
export type Problem = Readonly<Type.Static<typeof PROBLEM>>;

export function problem(status: number, detail: string, path: string, now: number): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail, error: title, message: detail, timestamp: now, path };
}

/** The one error handler of the HTTP interfaces. */
export function handleError(log: Log, now: () => number) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const known = asHttpError(error, request);
    if (!known) log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'a request failed');
    const { headers, members, message, statusCode } =
      known ?? new HttpError(500, 'internal error; see the log of the media server');
    return sendProblem(reply.headers(headers), { ...problem(statusCode, message, pathOf(request), now()), ...members });
  };
}

export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  return reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

/** Without the query, which may hold a token. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function asHttpError(error: FastifyError, request: FastifyRequest): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof OfferError) return new HttpError(error.status, error.message);
  if (error.validation) return new HttpError(400, describeValidation(error, request));
  if (error.statusCode === 413) {
    return new HttpError(413, `body: must be at most ${request.routeOptions.bodyLimit / 1024} KiB`);
  }
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500 ? new HttpError(status, error.message) : null;
}

/** Names the field and the expected value; for an unknown field, suggests a known one. */
function describeValidation(error: FastifyError, request: FastifyRequest): string {
  const [fault] = error.validation ?? [];
  if (!fault) return error.message;
  const part = error.validationContext ?? 'body';
  const field = `${part === 'querystring' ? 'query' : part}${fieldPathOf(fault.instancePath)}`;
  const { additionalProperty, allowedValues } = fault.params;
  if (typeof additionalProperty === 'string') {
    const meant = fault.instancePath === '' ? nearest(additionalProperty, fieldsOf(request, part)) : null;
    const hint = meant === null ? '' : `; did you mean "${meant}"?`;
    return `${field}: unknown field "${additionalProperty.slice(0, 64)}"${hint}`;
  }
  if (Array.isArray(allowedValues)) return `${field}: must be one of ${allowedValues.join(', ')}`;
  return `${field}${described(fault)}`;
}

type Fault = NonNullable<FastifyError['validation']>[number];

/** The end of an error message, after the field. It uses the words of the errors of manifests. */
function described({ keyword, message, params }: Fault): string {
  const { limit, missingProperty } = params;
  if (keyword === 'required') return `.${String(missingProperty)}: is missing`;
  if (keyword === 'minLength') return ': must not be empty';
  if (keyword === 'maxLength') return `: must be at most ${String(limit)} characters`;
  if (keyword === 'maxItems') return `: must have at most ${String(limit)} items`;
  return `: ${message ?? 'not valid'}`;
}

/** The fields in the route's schema for the validated part: body, query, … */
function fieldsOf(request: FastifyRequest, part: string): string[] {
  const schemas: Readonly<Record<string, unknown>> = { ...request.routeOptions.schema };
  const schema = schemas[part];
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return [];
  return Object.keys(schema.properties ?? {});
}
