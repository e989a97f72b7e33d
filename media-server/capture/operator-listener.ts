import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import { parseFleetKeys } from '../../crds/render/fleet-key.ts';
import { CapturePush, type CaptureReport } from '../../crds/schema/capture-messages.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { INTERNAL_TLS } from '../../process/fleet-client.ts';
import { listenFault } from '../../process/listen.ts';

export type OperatorListenerDeps = {
  readonly host: string;
  readonly port: number;
  /** Read at each handshake: a key is rotated without a restart. */
  readonly keyFile: string;
  readonly report: () => CaptureReport;
  /** Takes over what the operator has pushed. */
  readonly take: (push: CapturePush) => void;
};

/** More than a thousand captures with long URLs. */
const MAX_BODY_BYTES = 8 << 20;

/** The listener for the operator: TLS with the key of the capture role. Throws if the port is in use. */
export async function openOperatorListener(deps: OperatorListenerDeps): Promise<FastifyInstance> {
  const { host, keyFile, port } = deps;
  const https = {
    ...INTERNAL_TLS,
    // A session that is resumed asks for no key: it would go on with one that has been removed.
    secureOptions: constants.SSL_OP_NO_TICKET,
    pskCallback: (_socket: unknown, identity: string): Buffer | null =>
      parseFleetKeys(readFileSync(keyFile, 'utf8')).find((key) => key.identity === identity)?.key ?? null,
  };
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, https, forceCloseConnections: true });
  app.get('/internal/captures', async () => deps.report());
  app.put('/internal/captures', async ({ body }, reply) => {
    const [fault] = schemaFindings(CapturePush, body, 'body');
    if (fault) return reply.code(400).send({ error: `${fault.field}: ${fault.reason}` });
    deps.take(body as CapturePush);
    return deps.report();
  });
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenFault(error, { host, port, setting: '--internal-port' });
  }
  return app;
}
