import { END_CAUSES, finalStatus } from '../../crds/schema/end-causes.ts';
import type { Direction, StreamStatus } from '../../crds/schema/stream.ts';
import { excludeFields } from '../hooks/session-hooks.ts';
import { causeOf } from '../sessions/rejections.ts';
import type { Rejection } from '../sessions/requests.ts';
import type { Stream, StreamChange } from '../streams/stream.ts';

/** What a page is told about one of its streams (`notifyStreamStatusEvent`). */
export type StatusObject = {
  readonly mediaSessionId: string;
  readonly name: string;
  readonly published: boolean;
  readonly status: StreamStatus;
  readonly info: string;
};

/** A stream that the page knows, and that may not exist here. */
export type Wanted = { readonly id: string; readonly name: string; readonly direction: Direction };

/** The status of a stream, without the fields that `clientExclude` names. The page needs the id and the status. */
export function statusOf({ direction, hooks, id, name }: Stream, { info, status }: StreamChange): object {
  const { clientExclude } = hooks.methodConfig('StreamStatusEvent');
  const whole: StatusObject = { mediaSessionId: id, name, published: direction === 'publish', status, info };
  return { ...excludeFields(whole, clientExclude), mediaSessionId: id, status };
}

/** The status of a stream that did not start. */
export function failed({ direction, id, name }: Wanted, info: string): StatusObject {
  return { mediaSessionId: id, name, published: direction === 'publish', status: 'FAILED', info };
}

/** The status of a stream that its page stopped before it had started. */
export function stopped(wanted: Wanted): StatusObject {
  return { ...failed(wanted, END_CAUSES.client.info), status: finalStatus('client', wanted.direction) };
}

/** The status of a stream that was rejected, or that was ended before it had started. */
export function rejected(wanted: Wanted, rejection: Rejection): StatusObject {
  const { detail, result } = rejection;
  // WCS has its own info for a publication that is not live.
  const info = result === 'not_live' ? 'Stream not found' : detail;
  return { ...failed(wanted, info), status: finalStatus(causeOf(rejection), wanted.direction) };
}

/** The info of a connection that was rejected; WCS says what the backend says. */
export function infoOfConnection({ detail, reason, result }: Rejection): string {
  return result === 'refused' ? (reason ?? 'Forbidden') : detail;
}
