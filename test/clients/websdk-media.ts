import { randomUUID } from 'node:crypto';
import { type ClientOptions, type Fetch, RtcClient } from '../harness/rtc-client.ts';
import { WebSdkClient } from './websdk-client.ts';

/** A page of the Web SDK, its stream, and the media of that stream. */
export type SocketStream = { readonly page: WebSdkClient; readonly id: string; readonly media: RtcClient };

/** Opens a socket and publishes over it, with media. */
export function publishOverSocket(url: string, name: string, options: ClientOptions = {}): Promise<SocketStream> {
  return start('publish', url, name, options);
}

/** Opens a socket and plays over it, with media. */
export function playOverSocket(url: string, name: string, options: ClientOptions = {}): Promise<SocketStream> {
  return start('play', url, name, options);
}

/** What a client posts goes over a socket. Throws if the server refuses it; the time of the POST includes the socket. */
async function start(how: 'publish' | 'play', url: string, name: string, options: ClientOptions) {
  const id = randomUUID();
  let page: WebSdkClient | null = null;
  const send: Fetch = async (...post) => {
    page = await WebSdkClient.connect(url);
    return page.carries(`${how}Stream`, id, name)(...post);
  };
  const media = await RtcClient[how](url, { ...options, fetch: send });
  if (media.status !== 201) throw new Error(media.problem);
  if (page === null) throw new Error('there is no socket');
  return { page, id, media };
}
