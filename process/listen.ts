import type { Server } from 'node:net';
import { urlHost } from './addresses.ts';
import { UserFault } from './user-fault.ts';

/** Throws a `UserFault` that names the port and the setting it comes from. */
export function listen(server: Server, host: string, port: number, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = 'code' in error && error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
      reject(new UserFault(`${setting}: cannot listen on ${urlHost(host)}:${port}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}
