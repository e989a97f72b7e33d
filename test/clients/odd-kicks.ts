import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from '../harness/media-server.ts';

/**
 * Calls that do not end all players: `/nothing` answers 200, `/half` ends every second playback and lists all as JSON.
 * `/more` lists one more session than there are playbacks, once there are some, and `/page` is a page of HTML.
 */
export type OddKicks = { readonly url: string; close(): void };

/** The time that ended clients have to notice it before `/half` answers, in milliseconds. */
const NOTICE_MS = 300;

/** Serves odd kicks for the streams of a media server, on loopback. */
export async function startOddKicks(server: TestServer): Promise<OddKicks> {
  const http = createServer((request, response) => {
    if (request.url === '/half') void endHalf(server, response);
    else if (request.url === '/more') void listMore(server, response);
    else if (request.url === '/page') response.setHeader('content-type', 'text/html; charset=utf-8').end('<p>\n</p>');
    else response.end('{}');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : null;
  return { url: `http://127.0.0.1:${port}`, close: () => http.close() };
}

async function listMore(server: TestServer, response: ServerResponse): Promise<void> {
  const ids = await playbackIds(server);
  response.end(JSON.stringify([...ids, ...(ids.length > 0 ? ['other'] : [])].map((id) => ({ id }))));
}

async function playbackIds(server: TestServer): Promise<unknown[]> {
  const playbacks = (await server.streams()).filter(({ published }) => published === false);
  return playbacks.map(({ mediaSessionId }) => mediaSessionId);
}

async function endHalf(server: TestServer, response: ServerResponse): Promise<void> {
  const ids = await playbackIds(server);
  await server.terminate({ mediaSessionIds: ids.filter((_, index) => index % 2 === 0) });
  await sleep(NOTICE_MS);
  response.end(JSON.stringify({ items: ids.map((id) => ({ id })) }));
}
