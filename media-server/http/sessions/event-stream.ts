import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../../process/clock.ts';

export type EventStreamOptions = {
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
  /** How often a comment line is sent. */
  readonly heartbeatMs: number;
  readonly onClose: () => void;
};

/** One `text/event-stream` response (WHATWG server-sent events) with a comment line as heartbeat. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  #heartbeat: Timer;

  /** Takes over a response whose headers have not been sent. */
  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      ...options.headers,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Without this nginx buffers events.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    this.#heartbeat = this.#beatLater();
    response.once('close', () => {
      this.#heartbeat.cancel();
      options.onClose();
    });
  }

  /** Does nothing after the end. */
  send(event: string, data: unknown): void {
    if (this.#response.writableEnded) return;
    this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A response that waits for an earlier one of its connection (HTTP pipelining) is closed long after its end. */
  end(): void {
    this.#heartbeat.cancel();
    this.#response.end();
  }

  #beatLater(): Timer {
    const { clock, heartbeatMs } = this.#options;
    return clock.setTimeout(() => {
      this.#response.write(':\n\n');
      this.#heartbeat = this.#beatLater();
    }, heartbeatMs);
  }
}
