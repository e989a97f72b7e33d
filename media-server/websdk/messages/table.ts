import type { Conversation, MessageResult } from '../conversation.ts';
import { availableStream } from './available-stream.ts';
import { sendStreamEvent } from './send-stream-event.ts';
import { playStream, publishStream } from './start-stream.ts';
import { stopStream } from './stop-stream.ts';
import { sendData, sipCall, snapshot } from './unsupported.ts';

type Handler = (content: unknown, conversation: Conversation) => MessageResult;

/** The messages of an established session. */
export const HANDLERS = {
  publishStream,
  playStream,
  unPublishStream: stopStream,
  stopStream,
  availableStream,
  sendStreamEvent,
  sendData,
  snapshot,
  call: sipCall,
  answer: sipCall,
  hangup: sipCall,
  hold: sipCall,
  unhold: sipCall,
  sendDtmf: sipCall,
  transfer: sipCall,
} as const satisfies Record<string, Handler>;

/** Messages that need no answer, in every state of the connection. */
const SILENT = ['pong', 'pushLogs', 'submitBugReport', 'sessionDebug'] as const;

/** The names of messages, the metric label `message`: a client can send any text. */
export type MessageName = keyof typeof HANDLERS | (typeof SILENT)[number] | 'connection' | 'ping' | 'unknown';

export function isHandled(name: string): name is keyof typeof HANDLERS {
  return Object.hasOwn(HANDLERS, name);
}

export function isSilent(name: string): name is (typeof SILENT)[number] {
  return SILENT.some((each) => each === name);
}
