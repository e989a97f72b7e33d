import { connect, type Socket } from 'node:net';
import { FrameReader } from './frames.ts';
import type { SourceSpec } from './locate.ts';

/** Why a source has ended, as the program `sources` says it. */
export const SOURCE_ENDS = [
  'unauthorized',
  'notFound',
  'unreachable',
  'stalled',
  'unsupported',
  'notAllowed',
  'endOfStream',
  'failed',
] as const;
export type SourceEnd = (typeof SOURCE_ENDS)[number];

/** A track of a source, as far as it is known. */
export type SourceTrack = {
  readonly kind: 'audio' | 'video';
  readonly codec: string;
  /** The codec of the camera if it is converted. */
  readonly from?: string;
  readonly profile?: string;
  readonly width?: number;
  readonly height?: number;
};

export type SourceListener = {
  onTrack(track: SourceTrack): void;
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

  #read(chunk: Buffer): void {
    for (const frame of this.#frames.read(chunk)) {
      if (this.#isOver) return;
      if (frame[0] === BRACE) this.#event(frame.toString());
      else this.#listener.onPacket(frame);
    }
  }

  #event(text: string): void {
    const { event, reason, text: said, ...rest } = JSON.parse(text) as Record<string, unknown>;
    if (event === 'track') this.#listener.onTrack(rest as SourceTrack);
    if (event === 'ended') this.#end(SOURCE_ENDS.find((each) => each === reason) ?? 'failed', String(said ?? ''));
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
