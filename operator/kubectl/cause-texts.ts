import type { EndCause } from '../../crds/schema/end-causes.ts';
import { linkTo } from './advice.ts';

export type CauseText = {
  /** Why the stream ended; completes "because …". */
  readonly why: string;
  /** What the client may do now. */
  readonly client: string;
  /** The section of the docs that says more. */
  readonly section: string;
};

const AGAIN = 'It may start the stream again at once.';
const CAUSES = 'docs/hooks.md#why-a-stream-ended';

const CAPTURE: CauseText = {
  why:
    'its StreamCapture was changed, suspended or deleted, a network was taken out of spec.capture.allow, its capture pod ' +
    'was replaced, or nobody played it any more',
  client: 'It starts the stream again by itself, unless its StreamCapture says otherwise.',
  section: 'docs/captures.md#changes',
};

/** What each cause of `END_CAUSES` means for somebody who asks. */
const TEXTS: Readonly<Record<EndCause, CauseText>> = {
  client: { why: 'the client ended it itself, with DELETE', client: AGAIN, section: 'docs/rest-api.md#whip-and-whep' },
  publisher_gone: {
    why: 'the publication that it played ended',
    client: 'It may play again as soon as the name is published again.',
    section: CAUSES,
  },
  disconnect: {
    why: 'the client closed its connection, or connection/terminate of the REST API ended its session',
    client: AGAIN,
    section: 'docs/rest-api.md#other-calls',
  },
  rest: {
    why: 'somebody ended it, with stream/terminate of the REST API or with a StreamTermination',
    client: 'It may start the stream again at once, unless it was denied with denyFor; then it gets 403 for that time.',
    section: 'docs/rest-api.md#post-rest-apistreamterminate',
  },
  keepalive: {
    why: 'the backend answered 403 to StreamKeepAliveEvent',
    client: 'It may start the stream again if the backend allows it.',
    section: 'docs/keep-alive.md#what-an-answer-means',
  },
  keepalive_failure: {
    why: 'the backend failed to answer StreamKeepAliveEvent failureThreshold times in a row',
    client: 'It may start the stream again if the backend answers.',
    section: 'docs/keep-alive.md#what-an-answer-means',
  },
  drain: {
    why: 'its pod was stopped, and the stream was still live after drain.timeout',
    client: 'It may start the stream again at once, on another pod.',
    section: 'docs/kubernetes.md#4-change-the-configuration',
  },
  ice: {
    why: 'the network connection to the client was lost, or was never established',
    client: 'It may start the stream again. If it never connects, check that it can reach the media port.',
    section: 'docs/kubernetes.md#reaching-the-media-port',
  },
  dtls: {
    why: 'the encrypted connection to the client failed',
    client: 'It may start the stream again. A client whose clock, certificate or DTLS version is wrong fails again.',
    section: CAUSES,
  },
  rtp: { why: 'the client sent no media for too long', client: AGAIN, section: CAUSES },
  worker_died: {
    why: 'the mediasoup worker that carried it died; the log of the pod says how',
    client: 'It may start the stream again at once; a new worker has started.',
    section: 'docs/metrics.md',
  },
  limit: {
    why: 'a limit of the StreamApp or of the MediaServer was reached, such as limits.duration',
    client: 'It may start the stream again within the limits.',
    section: CAUSES,
  },
  name_conflict: {
    why: 'the name was already published',
    client: 'It may publish when the other publication has ended, or under another name.',
    section: 'docs/kubernetes.md#several-pods',
  },
  refused: {
    why: 'the backend refused it, or the client is denied',
    client: 'It may start the stream again when the backend allows it, or when the time of denyFor is over.',
    section: 'docs/hooks.md#what-an-answer-to-admission-means',
  },
  unavailable: {
    why: 'the backend could not be asked whether the stream is allowed',
    client: 'It may try again when the backend answers.',
    section: 'docs/troubleshooting.md#the-backend-does-not-answer',
  },
  negotiation: {
    why: 'client and server could not agree on media',
    client: 'It must send another offer.',
    section: 'docs/troubleshooting.md#a-publisher-gets-422',
  },
};

/** That of a publication whose client is a capture. */
export const captureText = (): CauseText & { readonly link: string } => linked(CAPTURE);

/** A cause may be newer than this program. */
export function causeText(cause: string, info: string): CauseText & { readonly link: string } {
  const known = Object.hasOwn(TEXTS, cause) ? TEXTS[cause as EndCause] : undefined;
  const text = known ?? { why: `the media server says "${info}" (${cause})`, client: AGAIN, section: CAUSES };
  return linked(text);
}

const linked = (text: CauseText): CauseText & { readonly link: string } => ({ ...text, link: linkTo(text.section) });
