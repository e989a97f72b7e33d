import type { Clock } from '../../process/clock.ts';
import { MessageRate } from './message-rate.ts';
import type { StreamRegistry } from './registry.ts';
import type { Played, Stream } from './stream.ts';

type Muted = { readonly muted: boolean };
export type MuteStates = { readonly audioState: Muted; readonly videoState: Muted };

/** The events that a page of the Web SDK sends, and what each changes for viewers that come later. */
const EVENTS = {
  data: {},
  audioMuted: { audioState: { muted: true } },
  audioUnmuted: { audioState: { muted: false } },
  videoMuted: { videoState: { muted: true } },
  videoUnmuted: { videoState: { muted: false } },
} as const satisfies Readonly<Record<string, Partial<MuteStates>>>;
export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as EventType[];

/** What a publisher tells its viewers. */
export type StreamEvent = { readonly type: EventType; readonly payload?: unknown };

const UNMUTED: MuteStates = { audioState: { muted: false }, videoState: { muted: false } };

export type StreamEventsDeps = {
  readonly registry: Pick<StreamRegistry, 'playbacksOf'>;
  /** Tells the pods that fetch a publication. */
  readonly elsewhere: { relay(publication: Played, event: StreamEvent): void };
  readonly clock: Pick<Clock, 'monotonic'>;
};

/** Viewers of an event that cost as much as one message of a client. */
const VIEWERS_PER_MESSAGE = 100;

/** `event` is the JSON of a `StreamEvent`. */
type Tell = (event: string) => void;

/** Events that a publisher's page sends to the pages that play its stream, on any pod. */
export class StreamEvents {
  readonly #deps: StreamEventsDeps;
  /** The pages of playbacks. A WHEP playback has none. */
  readonly #viewers = new WeakMap<Stream, Tell>();
  readonly #muted = new WeakMap<Played, MuteStates>();
  /** How much publications may still tell their viewers; much data does not keep them from muting. */
  readonly #rates = { data: new WeakMap<Played, MessageRate>(), muting: new WeakMap<Played, MessageRate>() };

  constructor(deps: StreamEventsDeps) {
    this.#deps = deps;
  }

  /** Remembers where events for a playback go. `tell` may leave out an event for a client that is behind. */
  follow(playback: Stream, tell: Tell): void {
    this.#viewers.set(playback, tell);
  }

  /** What is muted in the publication that a playback plays. */
  mutedIn({ publication }: Stream): MuteStates {
    return (publication && this.#muted.get(publication)) ?? UNMUTED;
  }

  /** What is muted in a publication, as events for those who have missed them. */
  missed(publication: Played): StreamEvent[] {
    const { audioState, videoState } = this.#muted.get(publication) ?? UNMUTED;
    return [
      ...(audioState.muted ? [{ type: 'audioMuted' } as const] : []),
      ...(videoState.muted ? [{ type: 'videoMuted' } as const] : []),
    ];
  }

  /** Returns false if the viewers on this pod are not told: they are too many for so many events. */
  relay(publication: Played, event: StreamEvent): boolean {
    this.#muted.set(publication, { ...(this.#muted.get(publication) ?? UNMUTED), ...EVENTS[event.type] });
    // Each pod counts its own viewers.
    this.#deps.elsewhere.relay(publication, event);
    return this.#tellViewers(publication, event);
  }

  #tellViewers(publication: Played, { payload, type }: StreamEvent): boolean {
    const viewers = [...this.#deps.registry.playbacksOf(publication)].flatMap((each) => this.#viewers.get(each) ?? []);
    if (viewers.length === 0) return true;
    const json = JSON.stringify({ type, payload });
    const rates = type === 'data' ? this.#rates.data : this.#rates.muting;
    const now = this.#deps.clock.monotonic();
    const rate = rates.get(publication) ?? new MessageRate(now);
    rates.set(publication, rate);
    if (!rate.allows(now, json.length, viewers.length / VIEWERS_PER_MESSAGE)) return false;
    for (const tell of viewers) tell(json);
    return true;
  }
}
