import { request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that serves one path prefix, strips it and reports it in a header, as Traefik's StripPrefix does. */
export class PrefixProxy {
  readonly #upstream: string;
  readonly #prefix: string;
  readonly #server: Server;

  private constructor(upstream: string, prefix: string) {
    this.#upstream = upstream;
    this.#prefix = prefix;
    this.#server = createServer((request, response) => this.#pass(request, response));
  }

  static async start(upstream: string, prefix: string): Promise<PrefixProxy> {
    const proxy = new PrefixProxy(upstream, prefix);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#prefix}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { headers, method, url = '' } = request;
    if (!url.startsWith(`${this.#prefix}/`)) {
      response.writeHead(404).end();
      return;
    }
    const options = { method, headers: { ...headers, 'x-forwarded-prefix': this.#prefix } };
    const upstream = ask(`${this.#upstream}${url.slice(this.#prefix.length)}`, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.once('error', () => response.destroy());
    response.once('close', () => upstream.destroy());
    request.pipe(upstream);
  }
}
