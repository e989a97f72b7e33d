import { createServer, type Server } from 'node:http';
import { listen } from '../media-server/http/listeners.ts';

export type OpsDeps = {
  readonly host: string;
  readonly port: number;
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  /** Why no new stream is accepted, null = ready. */
  readonly notReady: () => string | null;
};

/** `/metrics`, `/healthz` (the process), `/readyz` (accepts new streams): port 9090, for Prometheus and the kubelet. */
export async function openOps(deps: OpsDeps): Promise<Server> {
  const server = createServer(async (request, response) => {
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return send(405, 'only GET and HEAD\n');
    }
    switch (request.url?.split('?', 1)[0]) {
      case '/healthz':
        return send(200, 'ok\n');
      case '/readyz': {
        const reason = deps.notReady();
        return reason === null ? send(200, 'ok\n') : send(503, `${reason}\n`);
      }
      case '/metrics':
        return deps.metrics().then(
          (text) => send(200, text, deps.contentType),
          () => send(500, 'metrics could not be collected\n'),
        );
      default:
        return send(404, 'there are /metrics, /healthz and /readyz\n');
    }
  });
  await listen(server, deps.host, deps.port, '--ops-port');
  return server;
}
