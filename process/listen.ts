import type { Server } from 'node:net';
import { urlHost } from './addresses.ts';
import { UserFault } from './user-fault.ts';

/** Where a server listens. */
export type ListenAddress = {
  readonly host: string;
  readonly port: number;
  /** The field or option that sets the port; an error names it. */
  readonly setting: string;
};

/** Starts a server. Throws a `UserFault` that names the port and its setting. */
export function listen(server: Server, host: string, port: number, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, { host, port, setting })));
    server.listen(port, host, () => resolve());
  });
}

/** Converts a listen error to a message for the user. */
export function listenFault(error: unknown, { host, port, setting }: ListenAddress): UserFault {
  const message = error instanceof Error ? error.message : String(error);
  const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const reason = isInUse ? 'the port is in use' : message;
  return new UserFault(`${setting}: cannot listen on ${urlHost(host)}:${port}: ${reason}`, { cause: error });
}
