import type { Fetch } from '../harness/rtc-client.ts';

type Content = Readonly<Record<string, unknown>>;
type StreamStatus = Content & { readonly mediaSessionId: string; readonly status: string; readonly info: string };

/** How long a client waits for a message, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Speaks to a socket of the Web SDK as the SDK does, without a browser and without media. */
export class WebSdkClient {
  /** Messages of the server: the name, then the elements of `data`. */
  readonly got: [string, ...unknown[]][] = [];
  /** The code of the close frame, null while the socket is open. */
  closed: number | null = null;
  readonly #socket: WebSocket;
  /** Each is called after a message and after the close. */
  readonly #watchers = new Set<() => void>();

  private constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('message', ({ data }) => {
      const { data: content, message } = JSON.parse(String(data));
      this.got.push([message, ...content]);
      if (message === 'ping') this.send('pong', null);
      for (const look of this.#watchers) look();
    });
    this.#socket.addEventListener('close', ({ code }) => {
      this.closed = code;
      for (const look of this.#watchers) look();
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
    return this.#find(`the message ${name}`, () => this.got.find(([each]) => each === name)?.slice(1));
  }

  /** Waits for a status of a stream, and returns its info. */
  status(id: string, status: string): Promise<string> {
    return this.#find(`${id} is ${status}`, () => {
      const info = this.statuses(id).findLast((each) => each.status === status)?.info;
      return info === undefined ? undefined : `info: ${info}`;
    });
  }

  /** Waits for the answer to `publishStream` or `playStream`: an SDP, or the info of FAILED. */
  started(id: string): Promise<{ readonly sdp: string } | { readonly info: string }> {
    return this.#find(`${id} has started`, () => {
      const [, , sdp] = this.got.find(([name, of]) => name === 'setRemoteSDP' && of === id) ?? [];
      if (sdp !== undefined) return { sdp: String(sdp) };
      return this.statuses(id).find(({ status }) => status === 'FAILED');
    });
  }

  /** Resolves when a stream has failed, however late that is. */
  async failed(id: string): Promise<void> {
    const isFailed = () => this.statuses(id).some(({ status }) => status === 'FAILED') || undefined;
    await this.#find(`${id} is FAILED`, isFailed, null);
  }

  /** Waits until the socket is closed, and returns the code. */
  untilClosed(timeoutMs = PATIENCE_MS): Promise<number> {
    return this.#find('the socket is closed', () => this.closed ?? undefined, timeoutMs);
  }

  /** Statuses of a stream, in order, with everything that came with them. */
  statuses(id: string): StreamStatus[] {
    return this.got
      .filter(([name]) => name === 'notifyStreamStatusEvent')
      .map(([, content]) => content as StreamStatus)
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
      const started = await this.started(mediaSessionId);
      const text = 'sdp' in started ? started.sdp : started.info;
      return { status: 'sdp' in started ? 201 : 409, headers: { get: () => null }, text: async () => text };
    };
  }

  close(): void {
    this.#socket.close();
  }

  /** Returns what `look` finds, now or after a message. No timer looks, so many clients cost little. */
  #find<T>(what: string, look: () => T | undefined, timeoutMs: number | null = PATIENCE_MS): Promise<T> {
    const found = look();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#watchers.delete(again);
        clearTimeout(timer);
      };
      const again = (): void => {
        const late = look();
        if (late === undefined) return;
        settle();
        resolve(late);
      };
      const giveUp = (): void => {
        settle();
        reject(new Error(`not seen within ${timeoutMs} ms: ${what}`));
      };
      const timer = timeoutMs === null ? undefined : setTimeout(giveUp, timeoutMs);
      this.#watchers.add(again);
    });
  }
}
