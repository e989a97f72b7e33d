/**
 * Why the server closes a socket, with code and text of the close frame (RFC 6455 §7.4). The keys are the label `reason`
 * of a metric. The SDK shows none of it: each of them is DISCONNECTED in the page.
 */
export const CLOSINGS = {
  /** A `connection` that is refused; a `fail` with the reason has been sent. */
  connect_refused: { code: 1008, text: 'the connection is refused' },
  silent: { code: 1008, text: 'no connection message arrived in time' },
  order: { code: 1008, text: 'a message arrived in the wrong state of the connection' },
  rate: { code: 1008, text: 'too many messages' },
  binary: { code: 1003, text: 'only text frames are read' },
  too_large: { code: 1009, text: 'a frame is too large' },
  malformed: { code: 1007, text: 'a frame holds no message' },
  no_pong: { code: 1008, text: 'pings are not answered' },
  slow: { code: 1008, text: 'the client does not read what it is sent' },
  /** Drain and shutdown. */
  going_away: { code: 1001, text: 'this media server is shutting down' },
  /** The session was ended, such as by `/connection/terminate`. */
  ended: { code: 1000, text: 'the session has ended' },
} as const satisfies Record<string, { readonly code: number; readonly text: string }>;
export type Closing = keyof typeof CLOSINGS;

const WITHOUT_FAULT: readonly Closing[] = ['connect_refused', 'going_away', 'ended'];

/** Whether a client has earned its closing. Such a client may go on sending, so nothing more of it is read. */
export function isEarned(closing: Closing): boolean {
  return !WITHOUT_FAULT.includes(closing);
}
