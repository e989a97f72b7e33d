import { createServer, type Server } from 'node:http';
import { listen } from './listen.ts';
import type { Log } from './logger.ts';

export type OpsDeps = {
  readonly host: string;
  readonly port: number;
  /** The option that sets the port; an error names it. */
  readonly setting: string;
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  readonly log: Pick<Log, 'error'>;
  /** Why the program is not ready; null = ready. */
  readonly notReady: () => string | null;
};

/** Serves `/metrics`, `/healthz` and `/readyz` for Prometheus and the kubelet. Throws if the port is in use. */
export async function openOps(deps: OpsDeps): Promise<Server> {
  const server = createServer(async ({ method, url }, response) => {
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return send(405, 'only GET and HEAD are allowed\n');
    }
    switch (url?.split('?', 1)[0]) {
      case '/healthz':
        return send(200, 'ok\n');
      case '/readyz': {
        const reason = deps.notReady();
        return reason === null ? send(200, 'ok\n') : send(503, `${reason}\n`);
      }
      case '/metrics':
        return deps.metrics().then(
          (text) => send(200, text, deps.contentType),
          (error: unknown) => {
            deps.log.error({ err: error }, 'metrics could not be collected');
            send(500, 'metrics could not be collected\n');
          },
        );
      default:
        return send(404, 'not found; try /metrics, /healthz or /readyz\n');
    }
  });
  await listen(server, deps.host, deps.port, deps.setting);
  return server;
}
