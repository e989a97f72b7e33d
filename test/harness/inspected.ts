/** A Node process that was started with `--inspect=127.0.0.1:PORT`, seen through its inspector. */
export class Inspected {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data));
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    });
  }

  static async connect(port: number): Promise<Inspected> {
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const [{ webSocketDebuggerUrl }] = targets as [{ webSocketDebuggerUrl: string }];
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error(`port ${port} is no inspector`)), { once: true });
    });
    return new Inspected(socket);
  }

  /** Bytes of the JavaScript heap that are in use after a garbage collection. */
  async usedHeap(): Promise<number> {
    // What a finalizer frees is collected the second time.
    for (let round = 0; round < 2; round++) await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize } = (await this.#ask('Runtime.getHeapUsage')) as { usedSize: number };
    return usedSize;
  }

  /** Evaluates an expression of JSON-like values in the process. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, includeCommandLineAPI: true };
    const { result } = (await this.#ask('Runtime.evaluate', options)) as { result: { value: unknown } };
    return result.value;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
