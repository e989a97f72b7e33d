import type { Fetch } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

type Content = Readonly<Record<string, unknown>>;

/** Speaks to a socket of the Web SDK as the SDK does, without a browser and without media. */
export class WebSdkClient {
  /** Messages of the server: the name, then the elements of `data`. */
  readonly got: [string, ...unknown[]][] = [];
  /** The code of the close frame, null while the socket is open. */
  closed: number | null = null;
  readonly #socket: WebSocket;

  private constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('message', ({ data }) => {
      const { data: content, message } = JSON.parse(String(data));
      this.got.push([message, ...content]);
      if (message === 'ping') this.send('pong', null);
    });
    this.#socket.addEventListener('close', ({ code }) => {
      this.closed = code;
    });
  }

  /** Opens a socket; throws if the server refuses it. */
  static async open(url: string): Promise<WebSdkClient> {
    const client = new WebSdkClient(url);
    await new Promise<void>((resolve, reject) => {
      client.#socket.addEventListener('open', () => resolve(), { once: true });
      client.#socket.addEventListener('error', () => reject(new Error(`${url} is not opened`)), { once: true });
    });
    return client;
  }

  /** Opens a socket with an established session. */
  static async connect(url: string, content: Content = { appKey: 'defaultApp' }): Promise<WebSdkClient> {
    const client = await WebSdkClient.open(url);
    client.send('connection', content);
    await client.answer('getUserData');
    return client;
  }

  send(message: string, content: unknown): void {
    this.#socket.send(JSON.stringify({ message, data: [content] }));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** The elements of `data` of the first message with this name. */
  answer(name: string): Promise<unknown[]> {
    return until(`the message ${name}`, () => this.got.find(([each]) => each === name)?.slice(1));
  }

  /** Waits for a status of a stream, and returns its info. */
  status(id: string, status: string): Promise<string> {
    return until(`${id} is ${status}`, () =>
      this.statuses(id)
        .filter((each) => each['status'] === status)
        .map(({ info }) => `info: ${info}`)
        .at(-1),
    );
  }

  /** Statuses of a stream, in order, with everything that came with them. */
  statuses(id: string): Content[] {
    return this.got
      .filter(([name]) => name === 'notifyStreamStatusEvent')
      .map(([, content]) => content as Content)
      .filter(({ mediaSessionId }) => mediaSessionId === id);
  }

  /** Events that publishers have sent, by the viewer's id. */
  events(id: string): Content[] {
    return this.got
      .filter(([name]) => name === 'notifyStreamEvent')
      .map(([, content]) => content as Content)
      .filter(({ mediaSessionId }) => mediaSessionId === id);
  }

  /** Carries the offer of a client with media over this socket: `publishStream` or `playStream` instead of a POST. */
  carries(message: 'publishStream' | 'playStream', mediaSessionId: string, name: string): Fetch {
    return async (_url, { body: sdp }) => {
      this.send(message, { mediaSessionId, name, mediaProvider: 'WebRTC', sdp });
      const answer = await until(`${message} ${mediaSessionId} is answered`, () => this.#answerOf(mediaSessionId));
      return { ...answer, headers: { get: () => null }, text: async () => answer.text };
    };
  }

  #answerOf(mediaSessionId: string): { readonly status: number; readonly text: string } | null {
    const [, , sdp] = this.got.find(([name, id]) => name === 'setRemoteSDP' && id === mediaSessionId) ?? [];
    if (sdp !== undefined) return { status: 201, text: String(sdp) };
    const failed = this.statuses(mediaSessionId).find(({ status }) => status === 'FAILED');
    return failed ? { status: 409, text: String(failed['info']) } : null;
  }

  close(): void {
    this.#socket.close();
  }
}
