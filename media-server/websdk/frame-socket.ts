import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { CLOSINGS, type Closing, isEarned } from './closings.ts';
import { shortFrameOnWire, writeFrame } from './frame.ts';

/** Bytes that wait for a client that does not read. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const BEHIND_BYTES = 64 * 1024;
/** Bytes that a client may send before it is known. The WebSocket keeps what it has of a frame until the frame is whole. */
const MAX_UNKNOWN_BYTES = 64 * 1024;
/** Frames of a client that has not seen the close frame yet. */
const MOST_LATE = 32;
/** The same for all sockets. */
const PING = shortFrameOnWire('ping', null);

export type FrameListener = {
  /** A text frame of at most `MAX_FRAME_BYTES`. */
  text(text: string): void;
  /** A ping or a pong of the protocol, which a client can send as well. */
  control(): void;
  /** The socket is closed, or closes: nothing more arrives. `closing` is null if the client closed it or is gone. */
  closed(closing: Closing | null): void;
  /** Its TCP connection is closed. */
  gone(): void;
};

/** One WebSocket: text frames in and out, with bounds in both directions. Tells its listener once that it closes. */
export class FrameSocket {
  readonly #ws: WebSocket;
  /** The connection under the WebSocket, which writes each frame in one go, so a whole frame may come between. */
  readonly #connection: Duplex;
  #listener: FrameListener | null = null;
  #isKnown = false;
  /** Bytes that have arrived before. */
  #unknown = 0;
  #isClosing = false;
  /** Frames that have arrived since. */
  #late = 0;

  constructor(ws: WebSocket, connection: Duplex) {
    this.#ws = ws;
    this.#connection = connection;
  }

  /** Starts to read. */
  listen(listener: FrameListener): void {
    this.#listener = listener;
    this.#connection.on('data', (chunk: Buffer) => this.#limitUnknown(chunk.length));
    this.#ws.on('message', (data, isBinary) => this.#unlessLate(() => this.#message(data, isBinary)));
    for (const type of ['ping', 'pong'] as const) this.#ws.on(type, () => this.#unlessLate(() => listener.control()));
    // The WebSocket closes itself after an error, with the code that belongs to it.
    this.#ws.on('error', (error) => this.#tell(closingOf(error)));
    this.#ws.on('close', () => {
      this.#tell(null);
      listener.gone();
    });
  }

  /** The client has said who it is: it may send frames of full size. */
  known(): void {
    this.#isKnown = true;
  }

  /** Sends a message, or nothing on a socket that closes. A client that reads too slowly is cut off. */
  send(name: string, ...data: readonly unknown[]): void {
    this.#write(writeFrame(name, ...data));
  }

  /** Sends `ping`. It is the one message that idle sockets are sent, so its frame is made once, and written as one. */
  ping(): void {
    // The client may have begun to close, after which nothing but the close frame may follow (RFC 6455 §5.5.1).
    if (this.#isClosing || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#connection.write(PING);
    this.#cutIfSlow();
  }

  /** Sends a frame that the client can do without, unless much still waits for it. */
  offer(frame: string): void {
    if (this.#ws.bufferedAmount <= BEHIND_BYTES) this.#write(frame);
  }

  /** Closes with a close frame, after what has been sent. */
  close(closing: Closing): void {
    const { code, text } = CLOSINGS[closing];
    this.#ws.close(code, text);
    this.#tell(closing);
  }

  /** Closes at once, for a client that does not answer. */
  cut(closing: Closing): void {
    this.#ws.terminate();
    this.#tell(closing);
  }

  #write(frame: string): void {
    if (this.#isClosing) return;
    this.#ws.send(frame);
    this.#cutIfSlow();
  }

  #cutIfSlow(): void {
    if (this.#ws.bufferedAmount > MAX_BUFFERED_BYTES) this.cut('slow');
  }

  #message(data: RawData, isBinary: boolean): void {
    if (isBinary) this.close('binary');
    else this.#listener?.text(String(data));
  }

  #limitUnknown(bytes: number): void {
    if (this.#isKnown || this.#isClosing) return;
    this.#unknown += bytes;
    if (this.#unknown > MAX_UNKNOWN_BYTES) this.close('too_large');
  }

  #unlessLate(take: () => void): void {
    if (!this.#isClosing) take();
    else if (++this.#late === MOST_LATE) this.#stopReading();
  }

  #tell(closing: Closing | null): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    // The WebSocket resumes reading itself after an error.
    if (closing !== null && isEarned(closing)) process.nextTick(() => this.#stopReading());
    this.#listener?.closed(closing);
  }

  /** What the client sends fills the buffers of the network, until the WebSocket gives up waiting for its answer. */
  #stopReading(): void {
    this.#ws.pause();
    this.#connection.end();
  }
}

/** Errors of the protocol come from the client's frames, all others from a lost connection. */
function closingOf(error: Error): Closing | null {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return 'too_large';
  return code.startsWith('WS_ERR_') ? 'malformed' : null;
}
