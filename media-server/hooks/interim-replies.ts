import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const START = Buffer.from('HTTP/1.');
/** Offset of the first digit of the status in `HTTP/1.1 100 Continue`. */
const STATUS_AT = 'HTTP/1.1 '.length;
const ONE = '1'.charCodeAt(0);
const CARRIAGE_RETURN = '\r'.charCodeAt(0);
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** undici's own limit; undici refuses a longer head. */
const MAX_HEAD = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Removes interim replies (1xx, RFC 9110 §15.2) from the bytes of one connection. undici refuses a 100 that it did not
 * ask for, and IIS sends one on every POST. Only one request is in flight at a time, so the first bytes after a request
 * are the head of its reply.
 */
export class InterimFilter {
  #expectsHead = false;
  #begun = false;
  #held: Buffer = NOTHING;

  /** Call when a request is sent. */
  requested(): void {
    this.#expectsHead = true;
    this.#begun = false;
    this.#held = NOTHING;
  }

  /** True between the first byte of a reply and the end of its final head. */
  isInsideHead(): boolean {
    return this.#expectsHead && this.#begun;
  }

  /** Returns what the parser gets: a final head in one piece and everything after it. */
  filter(chunk: Buffer): Buffer {
    if (!this.#expectsHead) return chunk;
    this.#begun = true;
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let end = endOfHead(bytes);
    while (end && isInterim(bytes)) {
      bytes = bytes.subarray(end);
      end = endOfHead(bytes);
    }
    this.#expectsHead = end === null;
    this.#held = end === null ? bytes : NOTHING;
    return end === null ? NOTHING : bytes;
  }
}

/** Offset at which the first head ends; null while more bytes are needed; 0 for bytes that the parser must refuse. */
function endOfHead(bytes: Buffer): number | null {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end !== -1) return end + END_OF_HEAD.length;
  return isHead(bytes) && hasLinesOfHttp(bytes) && bytes.length <= MAX_HEAD ? null : 0;
}

/** undici refuses lines that end without a carriage return. */
function hasLinesOfHttp(bytes: Buffer): boolean {
  const firstEnd = bytes.indexOf('\n');
  return firstEnd === -1 || bytes[firstEnd - 1] === CARRIAGE_RETURN;
}

function isInterim(bytes: Buffer): boolean {
  return bytes[STATUS_AT] === ONE && isHead(bytes);
}

/** Compares the bytes received so far. */
function isHead(bytes: Buffer): boolean {
  const known = Math.min(bytes.length, START.length);
  return bytes.compare(START, 0, known, 0, known) === 0;
}

/** Connects as undici does, and filters interim replies out of each connection. */
export function connectSkippingInterim(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...outcome: buildConnector.CallbackArgs) => {
      if (outcome[1]) filterReplies(outcome[1]);
      callback(...outcome);
    });
}

function filterReplies(socket: Socket): void {
  const filter = new InterimFilter();
  const { push, write } = socket;
  Object.assign(socket, {
    write: (chunk: string | Uint8Array, encoding?: BufferEncoding, done?: () => void): boolean => {
      filter.requested();
      return write.call(socket, chunk, encoding, done);
    },
    push: (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && filter.isInsideHead()) return cut(socket);
      if (!Buffer.isBuffer(chunk)) return push.call(socket, chunk, encoding);
      const bytes = filter.filter(chunk);
      return bytes.length === 0 || push.call(socket, bytes);
    },
  });
}

/** Fails without a retry: the backend began to answer, unlike one whose pooled connection is found closed. */
function cut(socket: Socket): boolean {
  socket.destroy(Object.assign(new Error('the connection closed inside the head of a reply'), { code: 'ECONNRESET' }));
  return false;
}
