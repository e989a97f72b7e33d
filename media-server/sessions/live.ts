import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Leg, LegFailure } from '../media/media.ts';
import type { Stream } from '../streams/stream.ts';
import { tellLive } from './events.ts';
import type { SessionDeps } from './requests.ts';

/** Hands an answered stream over to its transport: live when it connects, ended when it fails. */
export function goLive(deps: SessionDeps, stream: Stream, leg: Leg, arrivedAt: number): void {
  deps.metrics.streamStarted(stream.appKey, stream.direction, 'started');
  leg.onFailure((failure) => endInBackground(deps, stream, causeOfFailure(stream, failure)));
  leg.onConnected(() => {
    if (stream.cause !== null) return;
    stream.goLive();
    deps.metrics.joined(stream.direction, (deps.clock.monotonic() - arrivedAt) / 1000);
    tellLive(stream, deps.nodeId);
    deps.keepAlive.add(stream);
    if (stream.published) deps.names.changed(stream.appKey, stream.name);
    limitDuration(deps, stream);
  });
}

/**
 * A page of the Web SDK closes its peer connection before it says so on its socket. The close may arrive first, also by
 * some time if the socket goes through a proxy: while the socket is open, it is the page that stops the stream.
 */
function causeOfFailure({ session }: Stream, failure: LegFailure): EndCause {
  const isOpen = session.kind === 'webSdk' && session.cause === null;
  return failure === 'disconnect' && isOpen ? 'client' : failure;
}

function limitDuration(deps: SessionDeps, stream: Stream): void {
  const { durationMs } = stream.app.config.limits;
  if (durationMs === 0) return;
  const timer = deps.clock.setTimeout(() => endInBackground(deps, stream, 'limit'), durationMs);
  stream.signal.addEventListener('abort', () => timer.cancel(), { once: true });
}

/** Ends a stream without waiting. */
function endInBackground(deps: SessionDeps, stream: Stream, cause: EndCause): void {
  // The terminator has reported the failure.
  deps.terminator.end(stream, cause).catch(() => undefined);
}
