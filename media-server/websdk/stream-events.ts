import type { StreamRegistry } from '../streams/registry.ts';
import type { Played, Stream } from '../streams/stream.ts';

type Send = (name: string, ...data: readonly unknown[]) => void;
type Muted = { readonly muted: boolean };
export type MuteStates = { readonly audioState: Muted; readonly videoState: Muted };

/** The events that a page sends, and what each changes for viewers that come later. */
const EVENTS = {
  data: {},
  audioMuted: { audioState: { muted: true } },
  audioUnmuted: { audioState: { muted: false } },
  videoMuted: { videoState: { muted: true } },
  videoUnmuted: { videoState: { muted: false } },
} as const satisfies Readonly<Record<string, Partial<MuteStates>>>;
export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as EventType[];

const UNMUTED: MuteStates = { audioState: { muted: false }, videoState: { muted: false } };

/** Events that a publisher's page sends to the pages that play its stream on this pod. */
export class StreamEvents {
  readonly #registry: Pick<StreamRegistry, 'playbacksOf'>;
  /** The sockets of playbacks. A WHEP playback has none. */
  readonly #viewers = new WeakMap<Stream, Send>();
  readonly #muted = new WeakMap<Played, MuteStates>();

  constructor(registry: Pick<StreamRegistry, 'playbacksOf'>) {
    this.#registry = registry;
  }

  /** Remembers where events for a playback go. `send` may leave out an event for a client that is behind. */
  follow(playback: Stream, send: Send): void {
    this.#viewers.set(playback, send);
  }

  /** What is muted in the publication that a playback plays. */
  mutedIn({ publication }: Stream): MuteStates {
    return (publication && this.#muted.get(publication)) ?? UNMUTED;
  }

  relay(publication: Stream, type: EventType, payload: unknown): void {
    this.#muted.set(publication, { ...(this.#muted.get(publication) ?? UNMUTED), ...EVENTS[type] });
    for (const playback of this.#registry.playbacksOf(publication)) {
      this.#viewers.get(playback)?.('notifyStreamEvent', { mediaSessionId: playback.id, type, payload });
    }
  }
}
