import { connect, createServer, type Socket } from 'node:net';

export type FrozenPath = { readonly port: number; freeze(): void; stop(): void };

/** A way to a port of this machine that can stop carrying anything, in both directions, while connections stay open. */
export async function startFrozenPath(to: number): Promise<FrozenPath> {
  const sockets: Socket[] = [];
  let frozen = false;
  const carry = (from: Socket, onto: Socket): void => {
    from.on('data', (chunk) => {
      if (!frozen) onto.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => onto.destroy());
    sockets.push(from);
  };
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    freeze: () => {
      frozen = true;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
