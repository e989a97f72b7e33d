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
};

/** Events that a publisher's page sends to the pages that play its stream, on any pod. */
export class StreamEvents {
  readonly #deps: StreamEventsDeps;
  /** The pages of playbacks. A WHEP playback has none. */
  readonly #viewers = new WeakMap<Stream, (event: StreamEvent) => void>();
  readonly #muted = new WeakMap<Played, MuteStates>();

  constructor(deps: StreamEventsDeps) {
    this.#deps = deps;
  }

  /** Remembers where events for a playback go. `tell` may leave out an event for a client that is behind. */
  follow(playback: Stream, tell: (event: StreamEvent) => void): void {
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

  relay(publication: Played, event: StreamEvent): void {
    const { elsewhere, registry } = this.#deps;
    this.#muted.set(publication, { ...(this.#muted.get(publication) ?? UNMUTED), ...EVENTS[event.type] });
    for (const playback of registry.playbacksOf(publication)) this.#viewers.get(playback)?.(event);
    elsewhere.relay(publication, event);
  }
}
