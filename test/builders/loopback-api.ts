import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { KubeClient } from '../../operator/kube/client.ts';

export type LoopbackApi = { readonly client: KubeClient; readonly close: () => Promise<void> };

/** A fake API server on loopback, and the real client for it. */
export async function loopbackApi(
  answer: RequestListener,
  writeForMs: () => number = () => Infinity,
): Promise<LoopbackApi> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const connection = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dispatcher: new Agent(),
    watchDispatcher: new Agent(),
    headers: async () => ({}),
  };
  const client = new KubeClient(connection, { writeForMs, onRequest: () => undefined });
  const close = async (): Promise<void> => {
    await client.close();
    server.close();
  };
  return { client, close };
}
