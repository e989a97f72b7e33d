import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import type { Log } from '../../process/logger.ts';

/**
 * Send and receive buffer of a worker's UDP socket, bytes. All clients of a worker share it. With the default of Linux,
 * 208 KiB, a busy worker lost a few packets of 20 publishers each second.
 */
export const UDP_BUFFER_BYTES = 2_000_000;

/** Warns if the kernel gives less: it does so silently. */
export async function warnOfSmallBuffers(log: Pick<Log, 'warn'>): Promise<void> {
  const { receive, send } = await grantedBuffers();
  if (Math.min(receive, send) >= UDP_BUFFER_BYTES) return;
  log.warn(
    { wanted: UDP_BUFFER_BYTES, receive, send },
    'the kernel limits UDP buffers (net.core.rmem_max, net.core.wmem_max): packets may be lost in bursts',
  );
}

/** What a socket gets that asks for the size, bytes. */
function grantedBuffers(): Promise<{ readonly receive: number; readonly send: number }> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.setRecvBufferSize(UDP_BUFFER_BYTES);
      socket.setSendBufferSize(UDP_BUFFER_BYTES);
      // Linux doubles the size for its own records, and tells the doubled one (socket(7)).
      resolve({ receive: socket.getRecvBufferSize() / 2, send: socket.getSendBufferSize() / 2 });
      socket.close();
    });
  });
}

/** Packets that sockets on these ports have lost because their receive buffers were full (proc(5), `/proc/net/udp`). */
export async function receiveDrops(ports: ReadonlySet<number>): Promise<number> {
  const tables = await Promise.all(
    ['/proc/net/udp', '/proc/net/udp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  return tables.reduce((sum, table) => sum + dropsIn(table, ports), 0);
}

/** Pure. */
export function dropsIn(table: string, ports: ReadonlySet<number>): number {
  const [, ...rows] = table.trim().split('\n');
  return rows.reduce((sum, row) => {
    const columns = row.trim().split(/\s+/);
    const port = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16);
    return ports.has(port) ? sum + Number(columns.at(-1)) : sum;
  }, 0);
}
