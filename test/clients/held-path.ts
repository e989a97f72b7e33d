import { connect, createServer, type Socket } from 'node:net';

export type HeldPath = { readonly port: number; hold(): void; release(): void; stop(): void };

/** A way to a port of this machine that can hold back what it carries, in both directions, until it is released. */
export async function startHeldPath(to: number): Promise<HeldPath> {
  const sockets: Socket[] = [];
  const held: (() => void)[] = [];
  let holds = false;
  const carry = (from: Socket, onto: Socket): void => {
    from.on('data', (chunk) => {
      if (holds) held.push(() => onto.write(chunk));
      else onto.write(chunk);
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
    hold: () => {
      holds = true;
    },
    release: () => {
      holds = false;
      for (const write of held.splice(0)) write();
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
