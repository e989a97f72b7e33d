import { type Advice, adviceFor } from './advice.ts';
import { captureText, causeText } from './cause-texts.ts';
import { matched } from './filter.ts';
import {
  type EndedStream,
  type LiveStream,
  type MediaServer,
  podOf,
  type StreamApp,
  type StreamTermination,
} from './objects.ts';

/** What the REST API and Kubernetes know about the streams of a MediaServer. */
export type Knowledge = {
  readonly server: MediaServer;
  readonly apps: readonly StreamApp[];
  readonly terminations: readonly StreamTermination[];
};

/** Whether the backend is asked about a stream. */
export type KeepAlive = {
  readonly isChecked: boolean;
  readonly sentence: string;
  readonly advice: Advice | null;
};

export type Explanation =
  | { readonly kind: 'live'; readonly stream: LiveStream; readonly pod: string; readonly keepAlive: KeepAlive }
  | {
      readonly kind: 'ended';
      readonly stream: EndedStream;
      readonly pod: string;
      readonly why: string;
      /** Null = not known. */
      readonly by: string | null;
      readonly client: string;
      readonly link: string;
    };

export type Asked = {
  /** An id of a stream or of a session, or a name. */
  readonly what: string;
  readonly appKey: string | undefined;
  readonly published: boolean | undefined;
};

/** Whether somebody asks about this stream. Pure. */
export function isAsked({ appKey, published, what }: Asked, stream: LiveStream): boolean {
  const isNamed = [stream.mediaSessionId, stream.sessionId, stream.name].includes(what);
  const isOfApp = appKey === undefined || stream.appKey === appKey;
  return isNamed && isOfApp && (published === undefined || stream.published === published);
}

/** Pure. */
export function explainLive(stream: LiveStream, knowledge: Knowledge): Explanation {
  return { kind: 'live', stream, pod: podOf(stream), keepAlive: keepAliveOf(stream, knowledge) };
}

/** Pure. */
export function explainEnded(stream: EndedStream, { server, terminations }: Knowledge): Explanation {
  const { client, link, why } =
    stream.cause === 'client' && isCapture(stream) ? captureText() : causeText(stream.cause, stream.info);
  const by = stream.cause === 'rest' ? byWhom(stream, server, terminations) : null;
  return { kind: 'ended', stream, pod: podOf(stream), why, by, client, link };
}

const isCapture = ({ mediaProvider, published }: EndedStream): boolean => published && mediaProvider !== 'WebRTC';

/** Status times have no milliseconds, and clocks of nodes differ a little. */
const BLUR_MS = 2_000;

/** The StreamTermination that ran when the stream ended and that matched it; else where callers are logged. */
function byWhom(stream: EndedStream, server: MediaServer, terminations: readonly StreamTermination[]): string {
  const found = terminations.filter((each) => isBy(each, stream, server)).map(({ metadata }) => metadata.name);
  if (found.length > 0) return `StreamTermination ${found.join(' or ')}`;
  const { name, namespace = 'default' } = server.metadata;
  const selector = `--namespace=${namespace} --selector=app.kubernetes.io/instance=${name}`;
  const logs = `kubectl logs ${selector} --prefix --tail=-1`;
  return `a caller of the REST API; the logs of the pods name it: ${logs} | grep "terminate requested"`;
}

function isBy({ spec, status }: StreamTermination, stream: EndedStream, server: MediaServer): boolean {
  if (spec.dryRun || spec.mediaServerRef.name !== server.metadata.name) return false;
  const startedAt = Date.parse(status?.startTime ?? '');
  const endedAt = Date.parse(status?.completionTime ?? '') || Infinity;
  const isDuring = stream.endedAt >= startedAt - BLUR_MS && stream.endedAt <= endedAt + BLUR_MS;
  const wasThere = status?.pods?.some((pod) => pod.name === podOf(stream) && (pod.terminated ?? 0) > 0) ?? false;
  return isDuring && wasThere && matched(spec.filter ?? {}, stream);
}

function keepAliveOf({ appKey }: LiveStream, { apps, server }: Knowledge): KeepAlive {
  const app = apps.find(({ spec }) => spec.appKey === appKey && spec.mediaServerRef.name === server.metadata.name);
  const condition = app?.status?.conditions?.find(({ type }) => type === 'KeepAliveActive');
  if (!app || !condition) {
    const sentence = app
      ? 'it is not known yet whether the backend is asked about it'
      : `its StreamApp (appKey "${appKey}") is gone; the stream is checked with the last known settings`;
    return { isChecked: false, sentence, advice: null };
  }
  const isChecked = condition.status === 'True';
  const interval = app.spec.keepAlive.interval ?? server.spec.keepAlive.interval;
  const hook = app.spec.restHookRef?.name ?? '';
  const checks = `RestHook "${hook}" is asked about it every ${interval}`;
  const advice = adviceFor(condition.reason, condition.message);
  if (!isChecked) return { isChecked, sentence: `no backend is asked about it: ${condition.message}`, advice };
  if (condition.reason !== 'Active') return { isChecked, sentence: `${checks}; ${condition.message}`, advice };
  return { isChecked, sentence: `${checks}; a 403 ends it`, advice: null };
}
