import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from '../harness/media-server.ts';

/** Calls that do not end all players: `/nothing` answers 200, `/half` ends every second playback and lists all as JSON. */
export type OddKicks = { readonly url: string; close(): void };

/** The time that ended clients have to notice it before `/half` answers, in milliseconds. */
const NOTICE_MS = 300;

/** Serves odd kicks for the streams of a media server, on loopback. */
export async function startOddKicks(server: TestServer): Promise<OddKicks> {
  const http = createServer((request, response) => {
    if (request.url === '/half') void endHalf(server, response);
    else response.end('{}');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : null;
  return { url: `http://127.0.0.1:${port}`, close: () => http.close() };
}

async function endHalf(server: TestServer, response: ServerResponse): Promise<void> {
  const playbacks = (await server.streams()).filter(({ published }) => published === false);
  const ids = playbacks.map(({ mediaSessionId }) => mediaSessionId);
  await server.terminate({ mediaSessionIds: ids.filter((_, index) => index % 2 === 0) });
  await sleep(NOTICE_MS);
  response.end(JSON.stringify({ items: ids.map((id) => ({ id })) }));
}
