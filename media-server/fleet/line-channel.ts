import { finished, type Readable, type Writable } from 'node:stream';
import type { Channel } from './conversation.ts';
import type { KeyedAgent } from './keyed-agent.ts';
import { asNoAnswer } from './peer-wire.ts';

export const NDJSON = { 'content-type': 'application/x-ndjson' } as const;

/** The parameters of all layers of a publication fit many times. */
const MOST_LENGTH = 1 << 20;
const BEHIND_BYTES = 64 * 1024;

/** Lines of JSON over the two directions of an HTTP request. */
export class LineChannel implements Channel {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #mostLength: number;

  /** `mostLength`: of a line that is received. */
  constructor(input: Readable, output: Writable, mostLength = MOST_LENGTH) {
    this.#input = input;
    this.#output = output;
    this.#mostLength = mostLength;
  }

  /** Opens a connection to a pod. */
  static to(agent: Pick<ReturnType<KeyedAgent['get']>, 'pipeline'>, origin: string, path: string): LineChannel {
    const options = { origin, path, method: 'POST', headers: NDJSON } as const;
    const duplex = agent.pipeline(options, ({ body, statusCode }) => {
      if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
      return body;
    });
    return new LineChannel(duplex, duplex);
  }

  send(line: object): void {
    if (this.#output.writable) this.#output.write(`${JSON.stringify(line)}\n`);
  }

  get isBehind(): boolean {
    return this.#output.writableLength > BEHIND_BYTES;
  }

  close(): void {
    this.#output.end();
    // Nothing more is read, and the other side need not end its direction.
    this.#output.once('finish', () => this.#input.destroy());
  }

  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void {
    let rest = '';
    this.#input.setEncoding('utf8');
    this.#input.on('data', (text: string) => {
      const [end = '', ...more] = text.split('\n');
      rest += end;
      for (const next of more) {
        this.#parse(rest, onLine);
        rest = next;
      }
      if (rest.length > this.#mostLength) this.#input.destroy(new Error('it sent a line that is too long'));
    });
    const end = (error: unknown): void => onClosed(error ? asNoAnswer(error).message : null);
    // Each direction alone: an HTTP client ends its own only after this.
    finished(this.#input, { writable: false }, end);
    finished(this.#output, { readable: false }, end);
  }

  #parse(line: string, onLine: (line: unknown) => void): void {
    try {
      onLine(JSON.parse(line));
    } catch (error) {
      this.#input.destroy(new Error('it sent a line that is not JSON', { cause: error }));
    }
  }
}
