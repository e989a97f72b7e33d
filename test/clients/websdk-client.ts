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
      this.got
        .filter(([name]) => name === 'notifyStreamStatusEvent')
        .map(([, content]) => content as { mediaSessionId: string; status: string; info: string })
        .filter((each) => each.mediaSessionId === id && each.status === status)
        .map(({ info }) => `info: ${info}`)
        .at(-1),
    );
  }

  close(): void {
    this.#socket.close();
  }
}
