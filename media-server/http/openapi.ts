import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
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
    transform: ({ schema, url }) => ({ url, schema: url.startsWith('/rest-api/') ? ofRestCall(schema) : schema }),
  };
}

const PROBLEM_RESPONSE = {
  description: 'What was wrong with the request, as problem details (RFC 9457)',
  content: { 'application/problem+json': { schema: PROBLEM } },
};

/** What every call has: errors as problem details, and authentication when the MediaServer names a Secret. */
function ofRestCall(schema: FastifySchema): FastifySchema {
  const success = schema.response instanceof Object ? schema.response : { 200: { description: 'What was asked for' } };
  return {
    ...schema,
    response: { ...success, '4XX': PROBLEM_RESPONSE },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}
