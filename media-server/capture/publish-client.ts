import { type Dispatcher, request } from 'undici';
import { type CaptureEndCause, HELD_CAUSES } from '../../crds/schema/capture-reasons.ts';
import { END_CAUSES } from '../../crds/schema/end-causes.ts';

/** The answer of a media server that takes no stream. */
export type Refusal = {
  readonly kind: 'refused';
  readonly status: number;
  readonly detail: string;
  readonly retryAfterMs: number | null;
};
export type Posted = { readonly kind: 'posted'; readonly location: string; readonly answer: string };
/** `cause` is null if the media server could not be reached any more. */
export type PublicationEnd = { readonly cause: CaptureEndCause | null; readonly info: string };
/** What an event stream tells: the id of the stream, and its cause once it has ended. */
type Status = { readonly mediaSessionId: string; readonly cause: CaptureEndCause | null; readonly info: string };

export type PublishClientOptions = {
  /** The internal listener of a media server. */
  readonly url: string;
  /** Holds the key of the capture role. */
  readonly dispatcher: Dispatcher;
  readonly appKey: string;
  readonly name: string;
  readonly uid: string;
  readonly epoch: number;
  readonly generation: number;
  /** The `mediaProvider` of the stream. */
  readonly provider: 'RTSP' | 'RTMP' | 'SRT';
};

/** Asking the backend, negotiating and claiming the name may take as long as for any publication. */
const POST_MS = 30_000;
const DELETE_MS = 2_000;
/** A media server that has said nothing for so long, not even a heartbeat, is gone: three of its heartbeats. */
const SILENT_MS = 15_000;

/** The capture routes of a media server. */
export class PublishClient {
  readonly #options: PublishClientOptions;

  constructor(options: PublishClientOptions) {
    this.#options = options;
  }

  /** Posts an offer. Rejects if the media server does not answer. */
  async post(offer: string): Promise<Posted | Refusal> {
    const { appKey, dispatcher, epoch, generation, name, provider, uid, url } = this.#options;
    const path = `/internal/captures/${encodeURIComponent(appKey)}/${encodeURIComponent(name)}`;
    const { body, headers, statusCode } = await request(`${url}${path}`, {
      method: 'POST',
      query: { uid, epoch, generation, provider },
      headers: { 'content-type': 'application/sdp' },
      body: offer,
      dispatcher,
      headersTimeout: POST_MS,
    });
    const text = await body.text();
    if (statusCode === 201) return { kind: 'posted', location: String(headers['location']), answer: text };
    const seconds = Number(headers['retry-after'] ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
    return { kind: 'refused', status: statusCode, detail: detailOf(text), retryAfterMs };
  }

  /** Resolves when the publication has ended; never rejects. The id of the stream is told as soon as it is known. */
  async follow(location: string, signal: AbortSignal, onId: (mediaSessionId: string) => void): Promise<PublicationEnd> {
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
      for await (const { cause, info, mediaSessionId } of statusesOf(body)) {
        onId(mediaSessionId);
        if (cause !== null) return { cause, info };
      }
      return { cause: null, info: 'the media server has closed the event stream' };
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

/** The `status` events of an event stream. */
async function* statusesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Status> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString();
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const status = statusOf(event);
      if (status) yield status;
    }
  }
}

function statusOf(event: string): Status | null {
  const [, data] = /^event: status\ndata: (.*)$/m.exec(event) ?? [];
  if (data === undefined) return null;
  const { cause, info, mediaSessionId } = JSON.parse(data) as Record<string, unknown>;
  return {
    mediaSessionId: String(mediaSessionId),
    cause: typeof cause === 'string' && isCause(cause) ? cause : null,
    info: String(info ?? ''),
  };
}

const isCause = (text: string): text is CaptureEndCause =>
  Object.hasOwn(END_CAUSES, text) || Object.hasOwn(HELD_CAUSES, text);

/** `detail` of a problem (RFC 9457). */
function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? text);
  } catch {
    return text;
  }
}
