import type { Conversation, MessageResult } from '../conversation.ts';
import { fieldsOf, isTooLong, textOf } from '../fields.ts';
import { ownStream } from './own-stream.ts';

const METHOD = 'sendStreamEvent';
const MAX_TYPE_LENGTH = 64;

/** `sendStreamEvent`: the page mutes its publication, or sends data to its viewers. */
export function sendStreamEvent(content: unknown, conversation: Conversation): MessageResult {
  const stream = ownStream(content, conversation);
  if (!stream?.published) return conversation.warn(METHOD, 'Stream not found');
  const fields = fieldsOf(content);
  const type = textOf(fields, 'type', MAX_TYPE_LENGTH);
  if (type === '') return conversation.warn(METHOD, `type: must be a text of 1 to ${MAX_TYPE_LENGTH} characters`);
  if (isTooLong(fields['payload'])) return conversation.warn(METHOD, 'payload: must be at most 16 KiB of JSON');
  conversation.deps.events.relay(stream, type, fields['payload']);
  return 'accepted';
}
