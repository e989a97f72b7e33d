import { connect, type Socket } from 'node:net';
import { FrameReader } from './frames.ts';
import type { SourceSpec } from './locate.ts';
import { readEvent, type SourceEnd, type SourceTrack } from './source-events.ts';
import type { Presented } from './timeline.ts';
import type { TrackKind } from './tracks.ts';

export type SourceListener = {
  onTrack(track: SourceTrack): void;
  /** A stream of the source is left out, since its codec is not read. */
  onLeftOut(kind: TrackKind, codec: string): void;
  /** Called before the first packet of a track, and from time to time. */
  onClock(kind: TrackKind, clock: Presented): void;
  /** Called for each RTP packet. It may be changed, and is valid during the call only. */
  onPacket(packet: Buffer): void;
  /** Called once. `text` is the reader's own message, without credentials. */
  onEnded(reason: SourceEnd, text: string): void;
};

/**
 * A camera or a stream of another server that the program `sources` reads, in a process of its own. The process ends,
 * and says goodbye to the camera, when this connection is closed.
 */
export class Source {
  readonly #socket: Socket;
  readonly #listener: SourceListener;
  readonly #frames = new FrameReader();
  #isOver = false;

  /** Connects to the unix socket of `sources`. */
  constructor(path: string, spec: SourceSpec, listener: SourceListener) {
    this.#listener = listener;
    this.#socket = connect(path);
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.once('error', (error) => this.#end('failed', error.message));
    this.#socket.once('close', () => this.#end('failed', 'the program that reads the source has ended'));
    this.#socket.write(linesOf(spec));
  }

  /** The listener is not called any more. */
  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  /** What cannot be used ends this source, and no other. */
  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.read(chunk)) {
        if (this.#isOver) return;
        if (frame[0] === BRACE) this.#event(frame.toString());
        else this.#listener.onPacket(frame);
      }
    } catch (error) {
      this.#end('failed', `the program that reads the source has sent a malformed message: ${error}`);
    }
  }

  #event(json: string): void {
    const said = readEvent(json);
    if (said?.event === 'track') this.#listener.onTrack(said.track);
    if (said?.event === 'clock') this.#listener.onClock(said.kind, said.clock);
    if (said?.event === 'unsupported') this.#listener.onLeftOut(said.kind, said.codec);
    if (said?.event === 'ended') this.#end(said.reason, said.text);
  }

  #end(reason: SourceEnd, text: string): void {
    if (this.#isOver) return;
    this.close();
    this.#listener.onEnded(reason, text);
  }
}

const BRACE = '{'.charCodeAt(0);

/** `key=value` lines, ended by an empty one. No value has a line end: the schema refuses control characters. */
const linesOf = (spec: SourceSpec): string =>
  `${Object.entries(spec)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}\n`;
