import type { Stream } from '../streams/stream.ts';
import { connectionStatusBody, streamBody } from '../streams/stream-object.ts';

/** Tells the backend that a session is connected: after `connect` allowed it. */
export function tellConnected(stream: Stream, nodeId: string): void {
  stream.hooks.event('ConnectionStatusEvent', connectionStatusBody(stream, nodeId, 'ESTABLISHED'));
}

/** Tells the backend that a stream is live. */
export function tellLive(stream: Stream, nodeId: string): void {
  stream.hooks.event('StreamStatusEvent', streamBody(stream, nodeId));
}

/**
 * Tells the backend how a session ended, if it knows the session: `unPublishStream` or `stopStream` when the client
 * ended it, the final `StreamStatusEvent`, and DISCONNECTED.
 */
export function tellEnded(stream: Stream, nodeId: string): void {
  if (stream.admission === 'none') return;
  if (stream.admission !== 'asked') tellStreamEnded(stream, nodeId);
  stream.hooks.event('ConnectionStatusEvent', connectionStatusBody(stream, nodeId, 'DISCONNECTED'));
}

function tellStreamEnded(stream: Stream, nodeId: string): void {
  const body = streamBody(stream, nodeId);
  if (stream.cause === 'client' && stream.admission === 'admitted') {
    stream.hooks.event(stream.published ? 'unPublishStream' : 'stopStream', body);
  }
  stream.hooks.event('StreamStatusEvent', body);
}
