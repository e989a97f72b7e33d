import type { Conversation, MessageResult } from '../conversation.ts';
import { FAULT_OF_ID, faultOfNamed, fieldsOf, idOf } from '../fields.ts';

/** `availableStream`: whether a name can be played in the app of the session. `true` and `false` are texts for the SDK. */
export function availableStream(content: unknown, { deps, send, session, warn }: Conversation): MessageResult {
  const fields = fieldsOf(content);
  const { name } = fields;
  const id = idOf(fields);
  if (id === null) return warn('availableStream', FAULT_OF_ID);
  const fault = faultOfNamed('name', name);
  if (fault !== null || typeof name !== 'string') {
    send('availableStream', { id, status: 'false', info: fault ?? '' });
    return 'refused';
  }
  const isPlayable = deps.isPlayable(session.appKey, name);
  send('availableStream', { id, status: String(isPlayable), info: isPlayable ? '' : 'Stream not found' });
  return 'accepted';
}
