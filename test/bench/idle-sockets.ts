import { WebSdkClient } from '../clients/websdk-client.ts';

/** Asks a process to open sockets of the Web SDK, with a session each. It answers with a number: all that are open. */
export type OpenIdle = { readonly url: string; readonly count: number };

/** Sockets that are opened at a time. */
const CONCURRENCY = 16;

const open: WebSdkClient[] = [];

async function openSome({ count, url }: OpenIdle): Promise<void> {
  const wanted = open.length + count;
  let begun = open.length;
  const openNext = async (): Promise<void> => {
    while (begun < wanted) {
      begun += 1;
      open.push(await WebSdkClient.connect(url));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, openNext));
  process.send?.(open.length);
}

process.on('message', (order) => void openSome(order as OpenIdle));
process.on('disconnect', () => process.exit(0));
