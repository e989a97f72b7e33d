import type { Direction, StreamStatus } from './stream.ts';

type EndCauseRow = { readonly publish: StreamStatus; readonly play: StreamStatus; readonly info: string };

/**
 * The causes that end a stream: the final status of a publication and of a playback, and the `info` text for hooks,
 * event streams and the REST API. The type, the metric label `cause` and the docs come from this table.
 */
export const END_CAUSES = {
  client: { publish: 'UNPUBLISHED', play: 'STOPPED', info: 'Stopped by user' },
  publisher_gone: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by publisher stop' },
  disconnect: { publish: 'UNPUBLISHED', play: 'STOPPED', info: 'Stopped by session disconnect' },
  rest: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by rest /terminate' },
  keepalive: { publish: 'FAILED', play: 'FAILED', info: 'Terminated by keep-alive' },
  keepalive_failure: { publish: 'FAILED', play: 'FAILED', info: 'Terminated by keep-alive failure' },
  drain: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by drain' },
  ice: { publish: 'FAILED', play: 'FAILED', info: 'Failed by ICE timeout' },
  dtls: { publish: 'FAILED', play: 'FAILED', info: 'Failed by DTLS error' },
  rtp: { publish: 'FAILED', play: 'FAILED', info: 'Failed by RTP activity' },
  worker_died: { publish: 'FAILED', play: 'FAILED', info: 'Failed by worker death' },
  limit: { publish: 'FAILED', play: 'FAILED', info: 'Stopped by limit' },
  name_conflict: { publish: 'FAILED', play: 'FAILED', info: 'Stream name is already in use' },
  refused: { publish: 'FAILED', play: 'FAILED', info: 'Restricted access' },
  unavailable: { publish: 'FAILED', play: 'FAILED', info: 'Failed by backend error' },
  negotiation: { publish: 'FAILED', play: 'FAILED', info: 'Failed by media negotiation' },
} as const satisfies Record<string, EndCauseRow>;
export type EndCause = keyof typeof END_CAUSES;

/** The final status of a stream with this cause and direction. */
export function finalStatus(cause: EndCause, direction: Direction): StreamStatus {
  return END_CAUSES[cause][direction];
}
