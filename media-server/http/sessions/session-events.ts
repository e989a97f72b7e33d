import type { FastifyReply } from 'fastify';
import { excludeFields } from '../../hooks/session-hooks.ts';
import type { Stream, StreamChange } from '../../streams/stream.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

export type FollowOptions = Omit<EventStreamOptions, 'headers'> & {
  /** The data of a `status` event. */
  readonly describe: (stream: Stream, change: StreamChange) => object;
};

/** What clients are told of a change: `{status, info}` without the fields in `clientExclude`. */
export function forClient({ hooks }: Stream, change: StreamChange): object {
  return excludeFields({ ...change }, hooks.methodConfig('StreamStatusEvent').clientExclude);
}

/**
 * The event stream of a session: `status` at the start, at every change, and at the end, when it closes; `layers` for a
 * playback (as in the WHEP draft).
 */
export function followStream(
  stream: Stream,
  reply: FastifyReply,
  { describe, ...options }: FollowOptions,
): EventStream {
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
    events.send('status', describe(stream, change));
    if (stream.cause !== null) events.end();
  };
  unfollow = stream.onChange(send);
  send({ status: stream.status, info: stream.info });
  sendLayers(stream, events);
  return events;
}

function sendLayers(stream: Stream, events: EventStream): void {
  const publication = stream.publication?.leg;
  if (!publication || publication.kind === 'playback') return;
  const layers = publication.layers();
  if (layers.length > 1) events.send('layers', { video: { active: layers, layers } });
}
