import { EVENT_TYPES } from '../../streams/stream-events.ts';
import type { Conversation, MessageResult } from '../conversation.ts';
import { fieldsOf, isTooLong } from '../fields.ts';
import { ownStream } from './own-stream.ts';

const METHOD = 'sendStreamEvent';

/** `sendStreamEvent`: the page mutes its publication, or sends data to its viewers. */
export function sendStreamEvent(content: unknown, conversation: Conversation): MessageResult {
  const stream = ownStream(content, conversation);
  if (!stream?.published) return conversation.warn(METHOD, 'Stream not found');
  const fields = fieldsOf(content);
  const type = EVENT_TYPES.find((each) => each === fields['type']);
  if (type === undefined) return conversation.warn(METHOD, `type: must be one of ${EVENT_TYPES.join(', ')}`);
  if (isTooLong(fields['payload'])) return conversation.warn(METHOD, 'payload: must be at most 16 KiB of JSON');
  const isTold = conversation.deps.events.relay(stream, { type, payload: fields['payload'] });
  return isTold ? 'accepted' : conversation.warn(METHOD, 'too many events for so many viewers');
}
