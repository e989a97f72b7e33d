import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Hands TCP connections on to a port of loopback; what clients send arrives later, as behind a slow proxy. */
export class SlowProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #upstreams = new Set<Socket>();

  private constructor(target: number, delayMs: number) {
    this.#server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
      }
      client.on('data', (bytes) => setTimeout(() => upstream.write(bytes), delayMs));
      client.on('close', () => setTimeout(() => upstream.destroy(), delayMs));
      upstream.pipe(client);
      this.#upstreams.add(upstream);
      upstream.on('close', () => this.#upstreams.delete(upstream));
    });
  }

  static async start(target: number, delayMs: number): Promise<SlowProxy> {
    const proxy = new SlowProxy(target, delayMs);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on open connections carry nothing to their clients, as if those did not read. */
  stall(): void {
    for (const upstream of this.#upstreams) upstream.unpipe().pause();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
