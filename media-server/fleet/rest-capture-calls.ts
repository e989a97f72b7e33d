import type { CaptureOffer, PulledStream, PullReply } from '../../crds/schema/capture-calls.ts';
import { splitCredentials } from '../../crds/schema/source-url.ts';
import { MEDIA_PROVIDERS } from '../../crds/schema/stream.ts';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import type { CapturePrograms } from './capture-programs.ts';
import type { FleetAnswer } from './combine.ts';

/** What the REST API is asked to capture. */
export type Wanted = {
  readonly kind: 'rtsp' | 'rtmp';
  /** May hold credentials. */
  readonly uri: string;
  /** The name of the stream. */
  readonly name: string;
  readonly hasAudio: boolean;
};

export type PullOutcome = { readonly status: 200 | 404 | 409 | 500; readonly detail: string };

/** `isComplete`: all capture pods have answered. */
export type PulledStreams = { readonly found: readonly PulledStream[]; readonly isComplete: boolean };

export type RestCaptureCallsDeps = {
  readonly programs: Pick<CapturePrograms, 'find' | 'pullers'>;
  /** Ends the streams that match, on any pod. */
  readonly terminate: (filter: StreamFilter) => Promise<Pick<FleetAnswer, 'status' | 'terminated'>>;
};

const OK: PullOutcome = { status: 200, detail: '' };
const OFF: PullOutcome = {
  status: 404,
  detail: 'no capture pod takes this call: spec.capture.rest of the MediaServer is false, or none is ready',
};
const SILENT: PullOutcome = { status: 500, detail: 'the capture pod does not answer' };
const UNREACHED: PullOutcome = { status: 500, detail: 'a media pod does not answer' };
const NOT_CAPTURED: PullOutcome = { status: 404, detail: 'the source is not captured' };
const NOT_LIVE: PullOutcome = { status: 404, detail: 'the StreamCapture of the source is not live' };

/** The calls `/rtsp/…` and `/pull/rtmp/…` of the REST API of WCS: any media pod takes them for all capture pods. */
export class RestCaptureCalls {
  readonly #deps: RestCaptureCallsDeps;

  constructor(deps: RestCaptureCallsDeps) {
    this.#deps = deps;
  }

  /** Starts a capture, or a StreamCapture of the URL that is held. */
  async start({ hasAudio, kind, name, uri }: Wanted): Promise<PullOutcome> {
    const [puller] = this.#deps.programs.pullers;
    if (!puller) return OFF;
    const { url } = splitCredentials(uri);
    const found = this.#deps.programs.find(puller.appKey, { url, name });
    if (found?.offer.isHeld && found.offer.url === url) {
      return outcomeOf(await found.ask({ resume: { uid: found.offer.uid } }));
    }
    if (found) return { status: 409, detail: `stream "${found.offer.name}" is captured already` };
    return outcomeOf(await puller.ask({ start: { kind, uri, name, hasAudio } }));
  }

  /** The captures of all capture pods. */
  async list(kind: Wanted['kind']): Promise<PulledStreams> {
    const { pullers } = this.#deps.programs;
    const replies = await Promise.all(pullers.map(({ appKey, ask }) => ask({ list: { kind, appKey } })));
    return { found: replies.flatMap((reply) => reply?.found ?? []), isComplete: !replies.includes(null) };
  }

  /** Ends a capture. One of a StreamCapture is held then, as after any termination. */
  async stop(uri: string): Promise<PullOutcome> {
    const { pullers } = this.#deps.programs;
    const { url } = splitCredentials(uri);
    const replies = await Promise.all(pullers.map(({ ask }) => ask({ stop: { url } })));
    if (replies.some((reply) => reply?.status === 200)) return OK;
    const [puller] = pullers;
    const found = puller ? this.#deps.programs.find(puller.appKey, { url, name: '' }) : null;
    const outcome = found ? await this.#endStream(found.offer) : NOT_CAPTURED;
    // Perhaps the capture pod that does not answer captures it.
    return outcome.status === 404 && replies.includes(null) ? SILENT : outcome;
  }

  /** Ends the stream of a capture. While its name is in use, that is the stream of somebody else, which goes on. */
  async #endStream({ appKey, name, url }: CaptureOffer): Promise<PullOutcome> {
    const mediaProvider = MEDIA_PROVIDERS.find((each) => url.startsWith(`${each.toLowerCase()}:`));
    if (!mediaProvider) return NOT_LIVE;
    const { status, terminated } = await this.#deps.terminate({ appKey, name, mediaProvider, published: true });
    if (terminated > 0) return OK;
    return status === 503 ? UNREACHED : NOT_LIVE;
  }
}

const outcomeOf = (reply: PullReply | null): PullOutcome => reply ?? SILENT;
