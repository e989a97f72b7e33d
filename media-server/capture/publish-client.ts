import { type Dispatcher, request } from 'undici';
import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import { type CaptureEndCause, HELD_CAUSES } from '../../crds/schema/capture-reasons.ts';
import { END_CAUSES } from '../../crds/schema/end-causes.ts';

/** The answer of a media server that takes no stream. */
export type Refusal = {
  readonly kind: 'refused';
  readonly status: number;
  readonly detail: string;
  /** Why the stream ended before it was live; null if the answer does not say. */
  readonly cause: CaptureEndCause | null;
  readonly retryAfterMs: number | null;
};
export type Posted = { readonly kind: 'posted'; readonly location: string; readonly answer: string };
/** `cause` is null if the media server could not be reached any more. */
export type PublicationEnd = { readonly cause: CaptureEndCause | null; readonly info: string };

/** What the event stream of a publication tells on the way. */
export type EventListener = {
  /** The id of the stream; at least once. */
  onId(mediaSessionId: string): void;
  /** Whether the media server drains, so that the publication is to go to another one. */
  onDrain(sendsAway: boolean): void;
  /** Whether anybody plays the publication. */
  onPlayed(isPlayed: boolean): void;
};

export type PublishClientOptions = {
  /** The internal listener of a media server. */
  readonly url: string;
  /** Holds the key of the capture role. */
  readonly dispatcher: Dispatcher;
  readonly appKey: string;
  readonly name: string;
  readonly uid: string;
  readonly epoch: number;
  /** Grows with each attempt to publish the capture. */
  readonly attempt: number;
  readonly generation: number;
  /** The `mediaProvider` of the stream. */
  readonly provider: 'RTSP' | 'RTMP' | 'SRT';
  readonly afterTermination: CaptureOrder['afterTermination'];
};

const DELETE_MS = 2_000;
/** A media server that has said nothing for so long, not even a heartbeat, is gone: three of its heartbeats. */
const SILENT_MS = 15_000;

/** The capture routes of a media server. */
export class PublishClient {
  readonly #options: PublishClientOptions;

  constructor(options: PublishClientOptions) {
    this.#options = options;
  }

  /** Posts an offer. Rejects if the media server does not answer before the signal. */
  async post(offer: string, signal: AbortSignal): Promise<Posted | Refusal> {
    const { appKey, dispatcher, name, url, ...query } = this.#options;
    const path = `/internal/captures/${encodeURIComponent(appKey)}/${encodeURIComponent(name)}`;
    const { body, headers, statusCode } = await request(`${url}${path}`, {
      method: 'POST',
      query,
      headers: { 'content-type': 'application/sdp' },
      body: offer,
      dispatcher,
      signal,
    });
    const text = await body.text();
    if (statusCode === 201) return { kind: 'posted', location: String(headers['location']), answer: text };
    const seconds = Number(headers['retry-after'] ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
    return { kind: 'refused', status: statusCode, ...problemOf(text), retryAfterMs };
  }

  /** Resolves when the publication has ended; never rejects. */
  async follow(location: string, signal: AbortSignal, listener: EventListener): Promise<PublicationEnd> {
    const { dispatcher, url } = this.#options;
    try {
      const { body, statusCode } = await request(`${url}${location}/events`, {
        signal,
        dispatcher,
        headersTimeout: SILENT_MS,
        bodyTimeout: SILENT_MS,
      });
      if (statusCode !== 200) {
        await body.dump();
        return { cause: null, info: `the event stream was answered ${statusCode}` };
      }
      return await endOf(body, listener);
    } catch (error) {
      return { cause: null, info: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Ends the publication. What fails is not told: the media server ends it by itself without an event stream. */
  async remove(location: string): Promise<void> {
    const { dispatcher, url } = this.#options;
    await request(`${url}${location}`, { method: 'DELETE', dispatcher, headersTimeout: DELETE_MS })
      .then(({ body }) => body.dump())
      .catch(() => undefined);
  }
}

/** Reads an event stream up to the end of its publication. */
async function endOf(body: AsyncIterable<Buffer>, listener: EventListener): Promise<PublicationEnd> {
  for await (const { data, event } of eventsOf(body)) {
    if (event === 'drain') listener.onDrain(data['sendsAway'] === true);
    if (event === 'played') listener.onPlayed(data['isPlayed'] === true);
    if (event !== 'status') continue;
    listener.onId(String(data['mediaSessionId']));
    const cause = causeOf(data);
    if (cause !== null) return { cause, info: String(data['info'] ?? '') };
  }
  return { cause: null, info: 'the media server has closed the event stream' };
}

type Event = { readonly event: string; readonly data: Readonly<Record<string, unknown>> };

/** The events of an event stream; its comments are left out. */
async function* eventsOf(body: AsyncIterable<Buffer>): AsyncGenerator<Event> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString();
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const each of events) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(each) ?? [];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as Event['data'] };
    }
  }
}

/** `detail` and `cause` of a problem (RFC 9457). */
function problemOf(text: string): Pick<Refusal, 'cause' | 'detail'> {
  try {
    const problem = JSON.parse(text) as Record<string, unknown>;
    return { detail: String(problem['detail'] ?? text), cause: causeOf(problem) };
  } catch {
    return { detail: text, cause: null };
  }
}

function causeOf({ cause }: Readonly<Record<string, unknown>>): CaptureEndCause | null {
  return typeof cause === 'string' && isCause(cause) ? cause : null;
}

const isCause = (text: string): text is CaptureEndCause =>
  Object.hasOwn(END_CAUSES, text) || Object.hasOwn(HELD_CAUSES, text);
