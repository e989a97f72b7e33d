import type { Stream } from '../../streams/stream.ts';
import type { Conversation } from '../conversation.ts';
import { fieldsOf, idOf } from '../fields.ts';

/** The stream that a message names, if it is one of this session: an id of another client gives no power. */
export function ownStream(content: unknown, { deps, session }: Conversation): Stream | null {
  const id = idOf(fieldsOf(content));
  const stream = id === null ? undefined : deps.registry.get(id);
  return stream?.session === session ? stream : null;
}
