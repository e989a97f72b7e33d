import type { Clock } from '../../process/clock.ts';
import type { KeyedAgent } from '../fleet/keyed-agent.ts';
import type { MediaPods } from './media-pods.ts';
import { Publication } from './publication.ts';
import { type PublicationEnd, PublishClient, type Refusal } from './publish-client.ts';
import type { Publish } from './publishing.ts';

export type PublisherDeps = {
  readonly mediaPods: Pick<MediaPods, 'next' | 'urlsFor'>;
  /** Its `get` throws if there is no key. */
  readonly agent: Pick<KeyedAgent, 'get'>;
  readonly clock: Pick<Clock, 'now' | 'setTimeout'>;
};

/** Asking the backend, negotiating and claiming the name may take as long as for any publication. */
const START_MS = 30_000;
/** How many media pods a capture tries at once. */
const MOST_TRIED = 3;

/** Publishes to the media pod of a capture; to the next ones if it does not take it. */
export function publisher({ agent, clock, mediaPods }: PublisherDeps): Publish {
  let lastAttempt = 0;
  return async (order, kinds, listener, signal) => {
    const { afterTermination, appKey, epoch, generation, name, source, uid } = order;
    const provider = PROVIDERS[source.kind];
    const onEnded = (end: PublicationEnd): void => {
      // Its media pod is not heard any more.
      if (end.cause === null) mediaPods.next(uid);
      listener.onEnded(end);
    };
    const start = async (url: string) => {
      // It goes on after a restart of this program, and grows when the clock is set back.
      lastAttempt = Math.max(lastAttempt + 1, clock.now());
      const capture = { appKey, name, uid, epoch, generation, provider, afterTermination, attempt: lastAttempt };
      const client = new PublishClient({ url, dispatcher: agent.get(), ...capture });
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
      return Publication.start({ client, kinds, listener: { ...listener, onEnded }, clock }, inTime);
    };
    let refusal = refusalOf('there is no media pod');
    for (const url of mediaPods.urlsFor(uid).slice(0, MOST_TRIED)) {
      const outcome = await start(url).catch((error: unknown) => refusalOf(String(error)));
      if (!('kind' in outcome) || isFinal(outcome) || signal.aborted) return outcome;
      mediaPods.next(uid);
      refusal = outcome;
    }
    return refusal;
  };
}

/** That of a media server that does not answer. */
const refusalOf = (detail: string): Refusal => {
  return { kind: 'refused', status: 503, detail, cause: null, retryAfterMs: null };
};

/** Whether any other media server would refuse the capture as well. */
const isFinal = ({ status }: Refusal): boolean => status < 500;

const PROVIDERS = { rtsp: 'RTSP', rtmp: 'RTMP', srt: 'SRT' } as const;
