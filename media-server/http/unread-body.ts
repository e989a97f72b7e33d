import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../process/clock.ts';

/** How much of an unread body is read and discarded. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_MS = 10_000;

/**
 * Sends a response only after the request body has been read, even if the request was rejected earlier (too large,
 * wrong type, no credentials). Closing a connection while data arrives resets it, and the response is lost
 * (RFC 9112 §9.6); proxies turn that into a 502. A body that is too long or too slow is cut off.
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

/** Resolves to true at the end of the body, or to false if it is too long or too slow, or the client disconnects. */
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
