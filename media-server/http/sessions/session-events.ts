import type { FastifyReply } from 'fastify';
import type { Clock } from '../../../process/clock.ts';
import { excludeFields } from '../../hooks/session-hooks.ts';
import type { Stream, StreamChange } from '../../streams/stream.ts';
import { EventStream } from './event-stream.ts';

/**
 * The event stream of a session: `status` with `{status, info}` at the start, at every change, and at the end, when it
 * closes; `layers` for a playback (as in the WHEP draft). Fields in `clientExclude` are left out.
 */
export function followStream(stream: Stream, reply: FastifyReply, clock: Clock): void {
  // Keeps the headers that Fastify has set (CORS).
  const headers = Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
  reply.hijack();
  let unfollow = (): void => {};
  const events = new EventStream(reply.raw, clock, headers, () => unfollow());
  const send = (change: StreamChange): void => {
    const { clientExclude } = stream.hooks.methodConfig('StreamStatusEvent');
    events.send('status', excludeFields({ ...change }, clientExclude));
    if (stream.cause !== null) events.end();
  };
  unfollow = stream.onChange(send);
  send({ status: stream.status, info: stream.info });
  sendLayers(stream, events);
}

function sendLayers(stream: Stream, events: EventStream): void {
  const publication = stream.publication?.leg;
  if (!publication || publication.kind === 'playback') return;
  const layers = publication.layers();
  if (layers.length > 1) events.send('layers', { video: { active: layers, layers } });
}
