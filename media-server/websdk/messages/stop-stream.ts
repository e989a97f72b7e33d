import type { Conversation, MessageResult } from '../conversation.ts';
import { fieldsOf, idOf } from '../fields.ts';
import { ownStream } from './own-stream.ts';

/**
 * `unPublishStream` and `stopStream`. The page closes its peer connection before it sends them, so the stream may have
 * ended already: that is no error, and the page has its final status.
 */
export function stopStream(content: unknown, conversation: Conversation): MessageResult {
  const id = idOf(fieldsOf(content));
  if (id !== null) conversation.stopped(id);
  const stream = ownStream(content, conversation);
  if (!stream) return id !== null && conversation.has(id) ? 'accepted' : 'ignored';
  // The terminator has reported the failure.
  conversation.deps.terminator.end(stream, 'client').catch(() => undefined);
  return 'accepted';
}
