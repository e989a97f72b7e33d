import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../../process/clock.ts';

const HEARTBEAT_MS = 15_000;

/** One `text/event-stream` response (WHATWG server-sent events) with a comment line every 15 s. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #heartbeat: Timer;

  /** Takes over a response whose headers have not been sent. */
  constructor(response: ServerResponse, clock: Clock, headers: Readonly<Record<string, string>>, onClose: () => void) {
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Without this nginx buffers events.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    this.#heartbeat = this.#beatLater();
    response.once('close', () => {
      this.#heartbeat.cancel();
      onClose();
    });
  }

  send(event: string, data: unknown): void {
    this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A response that waits for an earlier one of its connection (HTTP pipelining) is closed long after its end. */
  end(): void {
    this.#heartbeat.cancel();
    this.#response.end();
  }

  #beatLater(): Timer {
    return this.#clock.setTimeout(() => {
      this.#response.write(':\n\n');
      this.#heartbeat = this.#beatLater();
    }, HEARTBEAT_MS);
  }
}
