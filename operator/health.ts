import { createServer, type Server } from 'node:http';

export type HealthDeps = {
  readonly host: string;
  readonly port: number;
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  /** Everything that is watched has been listed once. */
  readonly isReady: () => boolean;
};

/** `/healthz`, `/readyz`, `/metrics`. Throws when the port is taken. */
export async function openHealth(deps: HealthDeps): Promise<Server> {
  const server = createServer(async ({ method, url }, response) => {
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return send(405, 'only GET and HEAD\n');
    }
    switch (url?.split('?', 1)[0]) {
      case '/healthz':
        return send(200, 'ok\n');
      case '/readyz':
        return deps.isReady() ? send(200, 'ok\n') : send(503, 'not everything has been listed yet\n');
      case '/metrics':
        return deps.metrics().then(
          (text) => send(200, text, deps.contentType),
          () => send(500, 'metrics could not be collected\n'),
        );
      default:
        return send(404, 'there are /metrics, /healthz and /readyz\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(deps.port, deps.host, resolve);
  });
  return server;
}
