import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { FleetAnswer } from '../../fleet/combine.ts';

const TerminateReply = Type.Object({
  matched: Type.Integer({ description: 'Streams that matched; sessions in the answer of `/connection/terminate`' }),
  terminated: Type.Integer({ description: 'Those that this request ended' }),
  denied: Type.Optional(Type.Integer({ description: 'Clients that cannot start the stream again for `denyFor`' })),
  pods: Type.Array(
    Type.Object({
      pod: Type.String(),
      matched: Type.Integer(),
      terminated: Type.Integer(),
      error: Type.Optional(
        Type.String({ description: 'Why this pod could not be asked, or could not close its streams' }),
      ),
    }),
  ),
});

/** The replies of the calls that end streams, by status. */
export const TERMINATE_REPLIES = { 200: TerminateReply, 404: TerminateReply, 503: TerminateReply };

export function sendAnswer(reply: FastifyReply, { status, ...body }: FleetAnswer): FastifyReply {
  if (status === 503) reply.header('retry-after', '1');
  return reply.code(status).send(body);
}
