import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** Answers one request with raw bytes; `nth` counts the requests of this connection from 1. */
export type RawAnswer = (socket: Socket, nth: number) => void;

/** A backend that writes raw bytes, including ones that Node's HTTP server would never send. */
export class RawBackend {
  requests = 0;
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';

  private constructor(answer: RawAnswer, pair?: { readonly cert: string; readonly key: string }) {
    const serve = (socket: Socket): void => this.#serve(socket, answer);
    this.#scheme = pair ? 'https' : 'http';
    this.#server = pair ? createTlsServer(pair, serve) : createServer({ noDelay: true }, serve);
  }

  static async start(answer: RawAnswer, pair?: { readonly cert: string; readonly key: string }): Promise<RawBackend> {
    const backend = new RawBackend(answer, pair);
    await new Promise<void>((resolve) => backend.#server.listen(0, '127.0.0.1', resolve));
    return backend;
  }

  get url(): string {
    const address = this.#server.address();
    return `${this.#scheme}://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/MyAPI`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket, answer: RawAnswer): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let received = '';
    let nth = 0;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      for (let length = requestLength(received); length !== null; length = requestLength(received)) {
        received = received.slice(length);
        this.requests += 1;
        nth += 1;
        answer(socket, nth);
      }
    });
  }
}

/** The length of the first request in bytes; null while it is incomplete. */
function requestLength(received: string): number | null {
  const head = received.indexOf('\r\n\r\n');
  if (head === -1) return null;
  const body = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, head))?.[1] ?? 0);
  const length = head + 4 + body;
  return received.length >= length ? length : null;
}
