import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { Connection } from '../../operator/kube/client.ts';

export type Seen = {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly isWatch: boolean;
};

export type Fault =
  | { readonly kind: 'reset' }
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** A proxy between an operator and the real API server. It records requests, and fails those that a test selects. */
export class ApiProxy {
  readonly requests: Seen[] = [];
  /** Decides what happens to a request before it is forwarded; null = nothing. May wait. */
  fault: (request: Seen) => Fault | null | Promise<Fault | null> = () => null;
  /** True = events of watches are dropped while their connections stay open. */
  mute = false;
  readonly #upstream: Connection;
  readonly #server: Server;

  private constructor(upstream: Connection) {
    this.#upstream = upstream;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async start(upstream: Connection): Promise<ApiProxy> {
    const proxy = new ApiProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Options for a client that uses this proxy. */
  connection(): Connection {
    const [dispatcher, watchDispatcher] = [new Agent(), new Agent({ bodyTimeout: 0 })];
    return { server: this.url, dispatcher, watchDispatcher, headers: async () => ({}) };
  }

  get writes(): Seen[] {
    return this.requests.filter(({ method }) => method !== 'GET');
  }

  /** Resets every connection. New connections are accepted. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const { pathname: path, searchParams: query } = url;
    const isWatch = query.get('watch') === 'true';
    const seen: Seen = { method: request.method ?? 'GET', path, query, at: performance.now(), isWatch };
    this.requests.push(seen);
    const fault = await this.fault(seen);
    if (fault?.kind === 'reset') return void response.destroy();
    if (fault?.kind === 'answer') return void response.writeHead(fault.status, fault.headers).end('{}');
    await this.#forward(request, response, isWatch);
  }

  async #forward(request: IncomingMessage, response: ServerResponse, isWatch: boolean): Promise<void> {
    const aborted = new AbortController();
    response.once('close', () => aborted.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { dispatcher, watchDispatcher } = this.#upstream;
    const answer = await (isWatch ? watchDispatcher : dispatcher).request({
      origin: this.#upstream.server,
      path: request.url ?? '/',
      method: (request.method ?? 'GET') as 'GET',
      headers: { ...(await this.#upstream.headers()), ...passedOn(request) },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      signal: aborted.signal,
    });
    response.writeHead(answer.statusCode, { 'content-type': 'application/json' });
    response.flushHeaders();
    for await (const chunk of answer.body as Readable) if (!(isWatch && this.mute)) response.write(chunk);
    response.end();
  }
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const contentType = headers['content-type'];
  return { accept: 'application/json', ...(contentType ? { 'content-type': contentType } : {}) };
}
