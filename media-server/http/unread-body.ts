import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../process/clock.ts';

/** How much of an unwanted body is read and discarded. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_MS = 10_000;

/**
 * Answers only after the body has been read, also when it is refused before that (too large, of another type, without
 * credentials). Closing a connection on which data is still coming resets it, and the answer is lost (RFC 9112 §9.6): proxies
 * turn that into a 502. What is too long or too slow is cut off.
 */
export function answerAfterBody(app: FastifyInstance, clock: Clock): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (!isComing(raw)) return;
    const isRead = await discardRest(raw, clock);
    if (!isRead) reply.header('connection', 'close');
  });
}

function isComing({ complete, destroyed, headers, readableEnded }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && !complete && !readableEnded && !destroyed;
}

/** Resolves to true at the end of the body, to false when it is too long, too slow, or the client has gone. */
function discardRest(body: IncomingMessage, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) stop();
    };
    const stop = (): void => {
      timer.cancel();
      body.off('data', count).off('end', stop).off('close', stop).pause();
      resolve(body.complete);
    };
    const timer = clock.setTimeout(stop, MOST_MS);
    body.on('data', count).on('end', stop).on('close', stop).resume();
  });
}
