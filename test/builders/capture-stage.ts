import { Registry } from 'prom-client';
import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import { Capture, type Failure } from '../../media-server/capture/capture.ts';
import { Captures, type CapturesDeps } from '../../media-server/capture/captures.ts';
import { CaptureMetrics } from '../../media-server/capture/metrics.ts';
import type { PublicationListener } from '../../media-server/capture/publication.ts';
import type { PublicationEnd, Refusal } from '../../media-server/capture/publish-client.ts';
import type { SourceListener } from '../../media-server/capture/source.ts';
import { createLogger } from '../../process/logger.ts';
import { H264, rtpPacket } from './rtp-packets.ts';
import { VirtualClock } from './virtual-clock.ts';

export const captureOrder = (over: Partial<CaptureOrder> = {}): CaptureOrder => ({
  uid: 'u1',
  generation: 1,
  epoch: 1,
  appKey: 'defaultApp',
  name: 'gate3',
  source: { kind: 'rtsp', url: 'rtsp://camera.example.com/h264', transport: 'TCP' },
  mode: 'Always',
  startTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  audio: 'Opus',
  stallTimeoutMs: 10_000,
  afterTermination: 'Stay',
  allow: [{ cidr: '192.0.2.0/24' }],
  ...over,
});

const ABANDONED: Refusal = { kind: 'refused', status: 503, detail: 'aborted', cause: null, retryAfterMs: null };

/** A capture with a camera and a media server that the test plays. */
export class CaptureStage {
  readonly clock = new VirtualClock();
  readonly metrics = new CaptureMetrics(new Registry());
  /** What happened: `open`, `close`, `publish KINDS`, `unpublish`. */
  readonly seen: string[] = [];
  /** How the next publications are refused; otherwise they start. */
  readonly refusals: Refusal[] = [];
  readonly sent: Buffer[] = [];
  /** How often an address had been tried in vain, at each `open`. */
  readonly turns: number[] = [];
  #listener: SourceListener | null = null;
  /** Those of all publications that have started. */
  readonly #publications: PublicationListener[] = [];
  /** The orders of the sources that were opened. */
  readonly orders: CaptureOrder[] = [];
  /** What viewers are told of captures that do not start. */
  readonly failures: Failure[] = [];
  /** How often a capture was held. */
  holds = 0;
  /** The captures that have ended for good. */
  readonly gone: string[] = [];
  /** Called when what viewers may ask for has changed. */
  onChange: () => void = () => undefined;
  #sequence = 0;
  /** How long the start and the end of a publication take. */
  #published: Promise<void> = Promise.resolve();
  #unpublished: Promise<void> = Promise.resolve();

  readonly deps: CapturesDeps = {
    clock: this.clock,
    log: createLogger('silent'),
    metrics: this.metrics,
    openSource: (order, turn, listener) => {
      this.turns.push(turn);
      this.seen.push('open');
      this.orders.push(order);
      this.#listener = listener;
      return {
        close: () => {
          this.seen.push('close');
          this.#listener = null;
        },
      };
    },
    onFailed: (_order, why) => this.failures.push(why),
    onHeld: () => {
      this.holds += 1;
    },
    onChange: () => this.onChange(),
    onGone: (uid) => this.gone.push(uid),
    publish: async (_order, kinds, listener, signal) => {
      this.seen.push(`publish ${kinds.join('+')}`);
      const refusal = this.refusals.shift();
      const isAbandoned = new Promise<true>((resolve) => signal.addEventListener('abort', () => resolve(true)));
      if (await Promise.race([this.#published, isAbandoned])) return ABANDONED;
      if (refusal) return refusal;
      const count = this.#publications.push(listener);
      return {
        mediaSessionId: `m${count}`,
        send: (_kind, packet) => this.sent.push(Buffer.from(packet)),
        close: async () => {
          this.seen.push('unpublish');
          await this.#unpublished;
        },
      };
    },
  };
  readonly captures = new Captures(this.deps);

  /** Whether the camera is connected. */
  get isOpen(): boolean {
    return this.#listener !== null;
  }

  start(order = captureOrder()): Capture {
    const capture = new Capture(order, this.deps);
    capture.start();
    return capture;
  }

  /** The camera names its tracks and sends packets, which the clock lets the capture publish. */
  async live(): Promise<void> {
    this.tracks();
    this.packet();
    await this.clock.advance(300);
  }

  tracks(...kinds: readonly ('audio' | 'video')[]): void {
    const named = kinds.length > 0 ? kinds : (['video', 'audio'] as const);
    for (const kind of named) this.#listener?.onTrack({ kind, codec: kind === 'video' ? 'H264' : 'Opus' });
  }

  leavesOut(kind: 'audio' | 'video', codec: string): void {
    this.#listener?.onLeftOut(kind, codec);
  }

  packet(timestamp = this.clock.monotonic() * 90, payload = H264.slice, payloadType = 96): void {
    this.#listener?.onPacket(rtpPacket({ sequence: this.#sequence++, timestamp, payload, payloadType }));
  }

  /** Publications do not start until the returned function is called. */
  holdPublish(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#published = promise;
    return resolve;
  }

  /** Publications do not end until the returned function is called. */
  holdUnpublish(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#unpublished = promise;
    return resolve;
  }

  sourceEnds(reason: Parameters<SourceListener['onEnded']>[0], text = ''): void {
    this.#listener?.onEnded(reason, text);
  }

  /** Players of the newest publication come or go. */
  played(isPlayed: boolean): void {
    this.#publications.at(-1)?.onPlayed(isPlayed);
  }

  /** The media server of the newest publication, or of the one with this index, ends it. */
  async publicationEnds(cause: PublicationEnd['cause'], info = '', index = -1): Promise<void> {
    this.#publications.at(index)?.onEnded({ cause, info });
    await this.clock.advance(0);
  }

  /** The media server of the newest publication drains, or does so no longer. */
  async mediaServerDrains(sendsAway = true): Promise<void> {
    this.#publications.at(-1)?.onDrain(sendsAway);
    await this.clock.advance(0);
  }
}
