import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { SDP_TYPE, TRICKLE_TYPE } from './content-type.ts';
import { PROBLEM } from './errors.ts';

/** The description of the API, OpenAPI 3.1, made from the schemas that validate. */
export function openApi(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice media server',
        version,
        description: 'REST API of a media server; semantics of Flashphoner Web Call Server',
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

/** How every call may fail. */
const FAILURES = {
  '4XX': problems('What was wrong with the request'),
  '5XX': problems('Why there is no answer now; 503 has Retry-After'),
};

/** What every call has: errors as problem details, and authentication when the MediaServer names a Secret. */
function ofRestCall(schema: FastifySchema): FastifySchema {
  const success = schema.response instanceof Object ? schema.response : { 200: { description: 'What was asked for' } };
  return {
    ...schema,
    response: { ...success, ...FAILURES },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

const text = (type: string) => ({ content: { [type]: { schema: { type: 'string' } } } });

type SessionCall = {
  readonly summary: string;
  /** The media type, and the schema unless it is text. */
  readonly body?: readonly [type: string, schema?: object];
  readonly headers?: object;
  readonly response: Record<string, object>;
};

const IF_MATCH = {
  type: 'object',
  properties: { 'if-match': { type: 'string', description: 'A list of ETags with that of the session, or `*`' } },
  required: ['if-match'],
};

const LAYER = {
  type: 'object',
  properties: { encodingId: { type: ['string', 'null'], description: 'Name of a layer, null = the best one' } },
};

/** WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): method and what follows `/{appKey}/{name}`. */
const SESSION_CALLS: Readonly<Record<string, SessionCall>> = {
  'POST ': {
    summary: 'Start a session with an SDP offer',
    body: [SDP_TYPE],
    response: { 201: { description: 'The SDP answer; Location is the URL of the session', ...text(SDP_TYPE) } },
  },
  'OPTIONS ': {
    summary: 'ICE servers, as Link headers',
    response: { 204: { description: 'Link and Accept-Post' } },
  },
  'GET ': {
    summary: 'Whether there is an endpoint; HEAD as well',
    response: { '2XX': { description: 'There is one; without content' } },
  },
  'GET /{podId}/{secret}': {
    summary: 'Whether the session is live; HEAD as well',
    response: { 204: { description: 'It is' } },
  },
  'PATCH /{podId}/{secret}': {
    summary: 'Trickle ICE; new credentials restart ICE',
    body: [TRICKLE_TYPE],
    headers: IF_MATCH,
    response: {
      200: { description: 'The answer to an ICE restart', ...text(TRICKLE_TYPE) },
      204: { description: 'The credentials are those of the session, or there are none: trickle ICE' },
    },
  },
  'DELETE /{podId}/{secret}': {
    summary: 'End the session',
    response: { 200: { description: 'Ended; its transport is closed' } },
  },
  'GET /{podId}/{secret}/events': {
    summary: 'What happens to the session, as Server-Sent Events; the last one says why it ended',
    response: { 200: { description: 'Events', ...text('text/event-stream') } },
  },
  'POST /{podId}/{secret}/events': {
    summary: 'Create the event stream of the session',
    response: { 201: { description: 'Location is the URL to GET' } },
  },
  'POST /{podId}/{secret}/layer': {
    summary: 'Choose a simulcast layer',
    body: ['application/json', LAYER],
    response: { 200: { description: 'Chosen' } },
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
