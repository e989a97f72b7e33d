import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const START = Buffer.from('HTTP/1.');
/** Where the first digit of the status stands in `HTTP/1.1 100 Continue`. */
const STATUS_AT = 'HTTP/1.1 '.length;
const ONE = '1'.charCodeAt(0);
const CARRIAGE_RETURN = '\r'.charCodeAt(0);
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** undici's own limit; a longer head is its to refuse. */
const MAX_HEAD = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Takes interim replies (1xx, RFC 9110 §15.2) out of the bytes that one connection brings. undici refuses a 100 that it
 * has not asked for, which IIS sends on every POST. One request is under way at a time, so that the first bytes after a
 * request are the head of its reply.
 */
export class InterimFilter {
  #expectsHead = false;
  #begun = false;
  #held: Buffer = NOTHING;

  /** A request goes out. */
  requested(): void {
    this.#expectsHead = true;
    this.#begun = false;
    this.#held = NOTHING;
  }

  /** True between the first byte of a reply and the end of its final head. */
  isInsideHead(): boolean {
    return this.#expectsHead && this.#begun;
  }

  /** What the parser gets: a final head in one piece and everything that follows. */
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

/** Where the first head ends, null while more bytes are needed, 0 for what the parser has to refuse. */
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

/** As far as it has come. */
function isHead(bytes: Buffer): boolean {
  const known = Math.min(bytes.length, START.length);
  return bytes.compare(START, 0, known, 0, known) === 0;
}

/** Connects as undici does; the connections bring no interim replies. */
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

/** The backend has begun to answer: unlike a pooled connection found closed, this must not be taken for a reason to call again. */
function cut(socket: Socket): boolean {
  socket.destroy(
    Object.assign(new Error('the connection was closed inside the head of a reply'), { code: 'ECONNRESET' }),
  );
  return false;
}
