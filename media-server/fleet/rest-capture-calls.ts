import type { PulledStream, PullReply } from '../../crds/schema/capture-calls.ts';
import { splitCredentials } from '../../crds/schema/source-url.ts';
import type { CapturePrograms } from './capture-programs.ts';

/** What the REST API is asked to capture. */
export type Wanted = {
  readonly kind: 'rtsp' | 'rtmp';
  /** May hold credentials. */
  readonly uri: string;
  /** The name of the stream; absent = the URL. */
  readonly name: string | undefined;
  readonly hasAudio: boolean;
};

export type PullOutcome = { readonly status: 200 | 404 | 409 | 500; readonly detail: string };

export type RestCaptureCallsDeps = {
  readonly programs: Pick<CapturePrograms, 'find' | 'pullers'>;
  /** Ends the publication of a name on any pod; false = it is not live. */
  readonly terminate: (appKey: string, name: string) => Promise<boolean>;
};

const OK: PullOutcome = { status: 200, detail: '' };
const OFF: PullOutcome = {
  status: 404,
  detail: 'no capture pod takes this call: spec.capture.rest of the MediaServer is false, or none is ready',
};
const SILENT: PullOutcome = { status: 500, detail: 'the capture pod does not answer' };

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
    const wanted = { url, name: name ?? url };
    const found = this.#deps.programs.find(puller.appKey, wanted);
    if (found?.offer.isHeld && found.offer.url === url) {
      return outcomeOf(await found.ask({ resume: { uid: found.offer.uid } }));
    }
    if (found) return { status: 409, detail: `stream "${found.offer.name}" is captured already` };
    return outcomeOf(await puller.ask({ start: { kind, uri, name: wanted.name, hasAudio } }));
  }

  /** The captures of all capture pods. */
  async list(kind: Wanted['kind']): Promise<readonly PulledStream[]> {
    const { pullers } = this.#deps.programs;
    const replies = await Promise.all(pullers.map(({ appKey, ask }) => ask({ list: { kind, appKey } })));
    return replies.flatMap((reply) => reply?.found ?? []);
  }

  /** Ends a capture. One of a StreamCapture is held then, as after any termination. */
  async stop(uri: string): Promise<PullOutcome> {
    const { pullers } = this.#deps.programs;
    const { url } = splitCredentials(uri);
    const replies = await Promise.all(pullers.map(({ ask }) => ask({ stop: { url } })));
    if (replies.some((reply) => reply?.status === 200)) return OK;
    const [appKey] = pullers.map((puller) => puller.appKey);
    const found = appKey === undefined ? null : this.#deps.programs.find(appKey, { url, name: '' });
    const isEnded = appKey !== undefined && found !== null && (await this.#deps.terminate(appKey, found.offer.name));
    return isEnded ? OK : { status: 404, detail: 'the source is not captured' };
  }
}

const outcomeOf = (reply: PullReply | null): PullOutcome => reply ?? SILENT;
