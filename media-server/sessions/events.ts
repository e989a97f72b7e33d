import type { Session } from '../streams/session.ts';
import type { Stream } from '../streams/stream.ts';
import { connectionStatusBody, streamBody } from '../streams/stream-object.ts';

/** Tells the backend that a session is connected: after `connect` allowed it. */
export function tellConnected(session: Session, nodeId: string): void {
  session.hooks.event('ConnectionStatusEvent', connectionStatusBody(session, nodeId));
}

/** Tells the backend that a stream is live. */
export function tellLive(stream: Stream, nodeId: string): void {
  stream.hooks.event('StreamStatusEvent', streamBody(stream, nodeId));
}

/**
 * Tells the backend how a stream ended, if it was asked about it: `unPublishStream` or `stopStream` when the client
 * ended it, and the final `StreamStatusEvent`.
 */
export function tellEnded(stream: Stream, nodeId: string): void {
  if (stream.admission === 'none') return;
  const body = streamBody(stream, nodeId);
  if (stream.cause === 'client' && stream.admission === 'admitted') {
    stream.hooks.event(stream.published ? 'unPublishStream' : 'stopStream', body);
  }
  stream.hooks.event('StreamStatusEvent', body);
}

/** Tells the backend that a session is over, if it knows the session. */
export function tellDisconnected(session: Session, nodeId: string): void {
  if (session.admission === 'none') return;
  session.hooks.event('ConnectionStatusEvent', connectionStatusBody(session, nodeId));
}
