import { connect, type Socket } from 'node:net';
import { until } from '../harness/wait.ts';

/** An event of media-server/capture/sources/README.md. */
export type SourceEvent = { readonly event: string; readonly [field: string]: unknown };

/** The `kind` of a packet, by its payload type. */
const PAYLOAD_TYPES = { video: 96, audio: 111 } as const;
export type MediaKind = keyof typeof PAYLOAD_TYPES;

export type RtpPacket = {
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Buffer;
  /** The whole packet. */
  readonly bytes: Buffer;
};

/** One connection to sluice-sources. */
export class CapturedSource {
  readonly events: SourceEvent[] = [];
  readonly #packets: Record<MediaKind, RtpPacket[]> = { video: [], audio: [] };
  readonly #socket: Socket;
  readonly #since = performance.now();
  #rest = Buffer.alloc(0);
  /** Resolves when the capture process has ended, with the time since the connection was opened in milliseconds. */
  readonly gone: Promise<number>;

  /** Sends `spec` as it is. */
  constructor(path: string, spec: string) {
    this.#socket = connect({ path, allowHalfOpen: true });
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.gone = new Promise((resolve) => {
      this.#socket.once('close', () => resolve(performance.now() - this.#since));
    });
    this.#socket.once('end', () => this.#socket.end());
    this.#socket.write(spec);
  }

  packets(kind: MediaKind): readonly RtpPacket[] {
    return this.#packets[kind];
  }

  /** Waits for packets. Throws an error if the capture ends before. */
  async has(kind: MediaKind, count: number): Promise<void> {
    await until(`${count} packets of ${kind}`, () => this.#packets[kind].length >= count || this.event('ended'));
    if (this.#packets[kind].length < count) throw new Error(JSON.stringify(this.events));
  }

  event(name: string, kind?: MediaKind): SourceEvent | undefined {
    return this.events.find(({ event, kind: of }) => event === name && (kind === undefined || of === kind));
  }

  /** The last event; waits until the process has ended. */
  async ended(): Promise<SourceEvent & { readonly ms: number }> {
    const ms = await this.gone;
    return { ...(this.events.at(-1) ?? { event: 'none' }), ms };
  }

  /** Ends the input, which ends the capture. Resolves with the time in milliseconds until the process has ended. */
  async close(): Promise<number> {
    const since = performance.now();
    this.#socket.end();
    this.#socket.resume();
    await this.gone;
    return performance.now() - since;
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** Bytes that are not a whole frame. */
  get rest(): number {
    return this.#rest.length;
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest.readUInt16BE(0)) {
      const end = 2 + this.#rest.readUInt16BE(0);
      this.#take(this.#rest.subarray(2, end));
      this.#rest = this.#rest.subarray(end);
    }
  }

  #take(frame: Buffer): void {
    if (frame[0] === '{'.charCodeAt(0)) {
      this.events.push(JSON.parse(frame.toString()) as SourceEvent);
      return;
    }
    const [type = 0, kind] = [frame.readUInt8(1), kindOf(frame)];
    this.#packets[kind].push({
      marker: type >= 128,
      sequence: frame.readUInt16BE(2),
      timestamp: frame.readUInt32BE(4),
      payload: frame.subarray(12),
      bytes: frame,
    });
  }
}

/** The packets have a fixed header of 12 bytes and no padding (RFC 3550 §5.1). */
function kindOf(frame: Buffer): MediaKind {
  const type = frame.readUInt8(1) & 0x7f;
  const kind = (['video', 'audio'] as const).find((each) => PAYLOAD_TYPES[each] === type);
  if (frame[0] !== 0x80 || kind === undefined)
    throw new Error(`not a packet: ${frame.subarray(0, 12).toString('hex')}`);
  return kind;
}
