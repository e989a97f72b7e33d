import type { FastifyReply } from 'fastify';
import { excludeFields } from '../../hooks/session-hooks.ts';
import type { Stream, StreamChange } from '../../streams/stream.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

export type FollowOptions = Omit<EventStreamOptions, 'headers'>;

/**
 * The event stream of a session: `status` with `{status, info}` at the start, at every change, and at the end, when it
 * closes; `layers` for a playback (as in the WHEP draft). Fields in `clientExclude` are left out.
 */
export function followStream(stream: Stream, reply: FastifyReply, options: FollowOptions): void {
  // Keeps the headers that Fastify has set (CORS).
  const headers = Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
  reply.hijack();
  let unfollow = (): void => {};
  const onClose = (): void => {
    unfollow();
    options.onClose();
  };
  const events = new EventStream(reply.raw, { ...options, headers, onClose });
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
