import type { Direction } from '../../../crds/schema/stream.ts';
import { INTERNAL } from '../../sessions/rejections.ts';
import type { StreamOutcome } from '../../sessions/requests.ts';
import type { Conversation, MessageResult } from '../conversation.ts';
import { FAULT_OF_ID, fieldsOf, idOf, textOf } from '../fields.ts';
import { writeStreamEvent } from '../frame.ts';
import { failed, rejected, statusOf, stopped, type Wanted } from '../statuses.ts';
import { readWanted, type WantedStream } from '../wanted-stream.ts';

/** `publishStream`: an offer with tracks to receive. */
export function publishStream(content: unknown, conversation: Conversation): MessageResult {
  return startStream('publish', content, conversation);
}

/** `playStream`: an offer for tracks to send. */
export function playStream(content: unknown, conversation: Conversation): MessageResult {
  return startStream('play', content, conversation);
}

/**
 * Starts a stream under the id that the page has chosen. Whatever goes wrong is answered by a FAILED status: until it
 * gets one, `stop()` of the page waits.
 */
function startStream(direction: Direction, content: unknown, conversation: Conversation): MessageResult {
  const method = direction === 'publish' ? 'publishStream' : 'playStream';
  const fields = fieldsOf(content);
  const id = idOf(fields);
  if (id === null) return conversation.warn(method, FAULT_OF_ID);
  // A status would reach the stream that has the id.
  if (conversation.has(id)) return conversation.warn(method, `mediaSessionId: stream "${id}" already exists`);

  const wanted: Wanted = { id, direction, name: textOf(fields, 'name', 256) };
  const stream = overLimit(conversation) ?? readWanted(content);
  if (typeof stream === 'string') {
    conversation.send('notifyStreamStatusEvent', failed(wanted, stream));
    return 'refused';
  }
  for (const field of stream.ignored) conversation.warn(method, `${field}: not supported, and ignored`);
  conversation.began(id);
  void start(wanted, stream, conversation);
  return 'accepted';
}

function overLimit({ deps, streams }: Conversation): string | null {
  const { streamsPerConnection: limit } = deps.limits();
  if (limit === 0 || streams < limit) return null;
  return `the connection has reached its limit of ${limit} stream${limit === 1 ? '' : 's'}`;
}

async function start(wanted: Wanted, stream: WantedStream, conversation: Conversation): Promise<void> {
  const { id } = wanted;
  const outcome = await ask(wanted, stream, conversation);
  if (outcome.kind === 'started') {
    follow(outcome, conversation);
    // The stop may have arrived before the stream had its place in the registry. The terminator reports a failure.
    if (conversation.isStopped(id)) conversation.deps.terminator.end(outcome.stream, 'client').catch(() => undefined);
    return;
  }
  const status = conversation.isStopped(id) ? stopped(wanted) : rejected(wanted, outcome.rejection);
  conversation.send('notifyStreamStatusEvent', status);
  conversation.finished(id);
}

async function ask(wanted: Wanted, stream: WantedStream, { deps, session }: Conversation): Promise<StreamOutcome> {
  const { clock, log, play, publish } = deps;
  const { direction, id } = wanted;
  const { ignored: _ignored, ...asked } = stream;
  const request = { id, ...asked, arrivedAt: clock.monotonic() };
  try {
    return await (direction === 'publish' ? publish : play)(session, request);
  } catch (error) {
    log.error({ err: error, streamId: id, sessionId: session.id }, 'a stream failed to start');
    return { kind: 'rejected', rejection: INTERNAL };
  }
}

type Started = Extract<StreamOutcome, { kind: 'started' }>;

/** Hands the answer to the page, then each status up to the final one. */
function follow({ answer, stream }: Started, conversation: Conversation): void {
  const { events } = conversation.deps;
  // The Android SDK needs the third element, `isInitiator`.
  conversation.send('setRemoteSDP', stream.id, answer, true);
  if (!stream.published) {
    events.follow(stream, (event) => conversation.offer(writeStreamEvent(stream.id, event)));
  }
  const tell = (): void => {
    const muted = stream.published ? {} : events.mutedIn(stream);
    conversation.send('notifyStreamStatusEvent', { ...statusOf(stream, stream), ...muted });
    if (stream.cause !== null) conversation.finished(stream.id);
  };
  stream.onChange(tell);
  // The page sets PENDING itself.
  if (stream.live || stream.cause !== null) tell();
}
