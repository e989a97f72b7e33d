import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { SDP_TYPE, TRICKLE_TYPE } from './content-type.ts';
import { PROBLEM } from './errors.ts';

/** The OpenAPI 3.1 description of the API, generated from the schemas that validate requests. */
export function openApi(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice media server',
        version,
        description: 'REST API of a media server, compatible with Flashphoner Web Call Server (WCS)',
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
      },
    },
    transform: ({ route, schema, url }) => ({ url, schema: describe(schema, url, String(route.method)) }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      markOptionalBodies(document.openapiObject.paths ?? {});
      return document.openapiObject;
    },
  };
}

type Paths = Readonly<Record<string, { readonly post?: { requestBody?: object } } | undefined>>;

/** The plugin marks every body as required; the body of `find_all` is optional (rest/input.ts). */
function markOptionalBodies(paths: Paths): void {
  for (const [path, methods] of Object.entries(paths)) {
    const body = path.endsWith('/find_all') ? methods?.post?.requestBody : undefined;
    if (body) Object.assign(body, { required: false });
  }
}

function describe(schema: FastifySchema, url: string, method: string): FastifySchema {
  if (url.startsWith('/rest-api/')) return ofRestCall(schema);
  return /^\/wh[ie]p\//.test(url) ? ofSession(schema, url, method) : schema;
}

const problems = (description: string) => ({
  description: `${description}, as problem details (RFC 9457)`,
  content: { 'application/problem+json': { schema: PROBLEM } },
});

/** The error responses of every call. */
const FAILURES = {
  '4XX': problems('The request is not valid or not possible'),
  '5XX': problems('The server cannot handle the request now (503 has Retry-After)'),
};

/** Adds what every call has: errors as problem details, and authentication if the MediaServer sets a Secret. */
function ofRestCall(schema: FastifySchema): FastifySchema {
  const success = schema.response instanceof Object ? schema.response : { 200: { description: 'Success' } };
  return {
    ...schema,
    response: { ...success, ...FAILURES },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

const text = (type: string) => ({ content: { [type]: { schema: { type: 'string' } } } });

type SessionCall = {
  readonly summary: string;
  /** The media type, and the schema unless the body is text. */
  readonly body?: readonly [type: string, schema?: object];
  readonly headers?: object;
  readonly response: Record<string, object>;
};

const IF_MATCH = {
  type: 'object',
  properties: { 'if-match': { type: 'string', description: 'ETags, one of which is that of the session, or `*`' } },
  required: ['if-match'],
};

const LAYER = {
  type: 'object',
  properties: { encodingId: { type: ['string', 'null'], description: 'Name of a layer; null = the best one' } },
};

/** The calls of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep), by method and the path after `/{appKey}/{name}`. */
const SESSION_CALLS: Readonly<Record<string, SessionCall>> = {
  'POST ': {
    summary: 'Start a session with an SDP offer',
    body: [SDP_TYPE],
    response: { 201: { description: 'The SDP answer; Location is the URL of the session', ...text(SDP_TYPE) } },
  },
  'OPTIONS ': {
    summary: 'Get the ICE servers as Link headers',
    response: { 204: { description: 'The headers Link and Accept-Post' } },
  },
  'GET ': {
    summary: 'Check whether the endpoint exists (GET or HEAD)',
    response: { '2XX': { description: 'It exists; no content' } },
  },
  'GET /{podId}/{secret}': {
    summary: 'Check whether the session is live (GET or HEAD)',
    response: { 204: { description: 'It is live' } },
  },
  'PATCH /{podId}/{secret}': {
    summary: 'Send ICE candidates (trickle ICE), or restart ICE with new credentials',
    body: [TRICKLE_TYPE],
    headers: IF_MATCH,
    response: {
      200: { description: 'The answer to an ICE restart', ...text(TRICKLE_TYPE) },
      204: { description: 'The candidates were added; the request has the credentials of the session or none' },
    },
  },
  'DELETE /{podId}/{secret}': {
    summary: 'End the session',
    response: { 200: { description: 'The session has ended and its transport is closed' } },
  },
  'GET /{podId}/{secret}/events': {
    summary: 'Get the events of the session as Server-Sent Events; the last one says why it ended',
    response: { 200: { description: 'Events', ...text('text/event-stream') } },
  },
  'POST /{podId}/{secret}/events': {
    summary: 'Create the event stream of the session',
    response: { 201: { description: 'Location is the URL of the event stream' } },
  },
  'POST /{podId}/{secret}/layer': {
    summary: 'Select a simulcast layer',
    body: ['application/json', LAYER],
    response: { 200: { description: 'The layer is selected' } },
  },
};

/** Describes bodies without validating them: the routes report a missing offer themselves. */
function ofSession(schema: FastifySchema, url: string, method: string): FastifySchema {
  const call = SESSION_CALLS[`${method} ${url.replace(/^\/\w+\/:appKey\/:name/, '').replace(/:(\w+)/g, '{$1}')}`];
  if (!call) throw new Error(`the API description has no entry for ${method} ${url}`);
  const { body, headers, response, summary } = call;
  const [type, bodySchema = { type: 'string' }] = body ?? [];
  return {
    ...schema,
    summary,
    tags: [url.startsWith('/whip/') ? 'WHIP' : 'WHEP'],
    ...(type ? { consumes: [type], body: bodySchema } : {}),
    ...(headers ? { headers } : {}),
    response: { ...response, ...FAILURES },
  } as FastifySchema;
}
