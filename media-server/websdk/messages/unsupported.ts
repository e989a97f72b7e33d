import type { Conversation, MessageResult } from '../conversation.ts';
import { fieldsOf, idOf, textOf } from '../fields.ts';
import { ownStream } from './own-stream.ts';

/** What a media server of Sluice does not do is answered all the same: pages wait for the answer. */

const SNAPSHOTS = 'snapshots are not supported';
const CALLS = 'SIP calls are not supported';
const MAX_ID_LENGTH = 128;

/** `sendData` to a server application. */
export function sendData(content: unknown, { send }: Conversation): MessageResult {
  const operationId = textOf(fieldsOf(content), 'operationId', MAX_ID_LENGTH);
  send('DataStatusEvent', { operationId, status: 'FAILED', info: 'there is no server application' });
  return 'refused';
}

/** `snapshot` of a stream of the page, or by name for a stream that was not started: FAILED would end the former. */
export function snapshot(content: unknown, conversation: Conversation): MessageResult {
  const { send, warn } = conversation;
  const fields = fieldsOf(content);
  const id = idOf(fields);
  if (id === null) return warn('snapshot', SNAPSHOTS);
  if (ownStream(content, conversation) || conversation.has(id)) {
    send('notifyStreamEvent', { mediaSessionId: id, type: 'snapshotFailed', payload: { info: SNAPSHOTS } });
  } else {
    const name = textOf(fields, 'name', 256);
    send('notifyStreamStatusEvent', { mediaSessionId: id, name, status: 'FAILED', info: SNAPSHOTS });
  }
  return 'refused';
}

/** Everything about a SIP call. */
export function sipCall(content: unknown, { send, warn }: Conversation): MessageResult {
  const callId = textOf(fieldsOf(content), 'callId', MAX_ID_LENGTH);
  if (callId !== '') send('finish', { callId, status: 'FAILED', info: CALLS });
  return warn('call', CALLS);
}
