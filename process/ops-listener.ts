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
  /** The program is ready if no check has a fault. */
  readonly checks: () => readonly ReadyCheck[];
};

export type ReadyCheck = {
  /** A word. */
  readonly name: string;
  /** Why the program is not ready; null = nothing prevents it. */
  readonly fault: string | null;
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
        const { status, text } = readiness(deps.checks(), url);
        return send(status, text);
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

function readiness(checks: readonly ReadyCheck[], url = ''): { readonly status: number; readonly text: string } {
  const failed = checks.find(({ fault }) => fault !== null);
  const isVerbose = new URLSearchParams(url.split('?', 2)[1]).has('verbose');
  return { status: failed ? 503 : 200, text: isVerbose ? listOf(checks) : `${failed?.fault ?? 'ok'}\n` };
}

/** All checks, a line each, as the API server of Kubernetes lists them. */
const listOf = (checks: readonly ReadyCheck[]): string =>
  checks.map(({ fault, name }) => (fault === null ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`)).join('');
