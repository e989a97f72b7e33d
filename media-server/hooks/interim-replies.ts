import type { Duplex } from 'node:stream';
import { buildConnector } from 'undici';

/** Of one interim reply with its headers, bytes. A longer one goes to the parser, which refuses it. */
const MAX_HEAD = 64 * 1024;
const LONGEST_STATUS = 'HTTP/1.1 100 '.length;
/** 101 switches protocols: it is no interim reply. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r\n]/;
const MAY_BECOME_INTERIM = /^(H|HT|HTT|HTTP|HTTP\/(1(\.([01]( (1(\d(\d)?)?)?)?)?)?)?)$/;

/**
 * Connects as undici does, but skips interim replies (1xx, RFC 9110 §15.2), which a client must accept also if it did not
 * ask for them. undici ends the connection at an unasked `100 Continue`, which IIS and others send before each answer.
 */
export function connectSkippingInterim(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) => {
    connect(target, (...result: buildConnector.CallbackArgs) => {
      const [error, socket] = result;
      // HTTP/2 has frames of its own for interim replies.
      if (error === null && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2') return callback(error, socket);
      if (error === null) skipInterimReplies(socket);
      callback(...result);
    });
  };
}

/**
 * Takes interim replies out of what is read after each request. undici's parser pulls with `read()`, writes a whole request
 * before it reads, and has one request at a time on a connection, so the first bytes after a write begin a reply.
 */
export function skipInterimReplies(socket: Pick<Duplex, 'read' | 'write'>): void {
  const { read, write } = socket;
  let isAwaitingReply = false;
  let held: Buffer = Buffer.alloc(0);
  Object.assign(socket, {
    write: (...args: unknown[]): boolean => {
      isAwaitingReply = true;
      return Reflect.apply(write, socket, args);
    },
    read: (): Buffer | null => {
      const chunk: Buffer | null = Reflect.apply(read, socket, []);
      if (!isAwaitingReply || chunk === null) return chunk;
      const { bytes, isIncomplete } = withoutInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
      isAwaitingReply = isIncomplete;
      held = isIncomplete ? bytes : Buffer.alloc(0);
      return isIncomplete ? null : bytes;
    },
  });
}

/** What is left behind the interim replies; incomplete = another one may have begun. */
function withoutInterim(bytes: Buffer): { readonly bytes: Buffer; readonly isIncomplete: boolean } {
  const status = bytes.toString('latin1', 0, LONGEST_STATUS);
  if (status === '' || MAY_BECOME_INTERIM.test(status)) return { bytes, isIncomplete: true };
  if (!INTERIM.test(status)) return { bytes, isIncomplete: false };
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return { bytes, isIncomplete: bytes.length <= MAX_HEAD };
  return withoutInterim(bytes.subarray(end + 4));
}
