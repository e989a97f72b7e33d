import { Counter, Gauge, type Registry } from 'prom-client';
import type { CaptureState } from '../../crds/schema/capture-messages.ts';
import type { CaptureEndCause } from '../../crds/schema/capture-reasons.ts';
import { newRegistry } from '../../process/default-metrics.ts';
import type { SourceEnd } from './source-events.ts';
import type { TrackKind } from './tracks.ts';

/** Why a connection to a source has ended: what the source said, or what was seen of its media. */
export type ConnectionEnd = SourceEnd | 'noMedia' | 'bFrames';

type Observed = { readonly order: { readonly appKey: string }; readonly state: CaptureState };

/**
 * All metrics of the capture program (docs/metrics.md). No label names a capture or a source: anybody who may write
 * StreamCaptures chooses their names, and the status of a StreamCapture says more.
 */
export class CaptureMetrics {
  readonly registry: Registry;
  readonly #bytes;
  readonly #connections;
  readonly #sourceEnds;
  readonly #publicationEnds;

  constructor(registry = newRegistry()) {
    this.registry = registry;
    const registers = [registry];
    this.#bytes = new Counter({
      name: 'sluice_capture_rtp_bytes_total',
      help: 'RTP bytes received from sources',
      labelNames: ['app', 'kind'],
      registers,
    });
    this.#connections = new Counter({
      name: 'sluice_capture_connections_total',
      help: 'Connections to sources, also those that failed',
      labelNames: ['app'],
      registers,
    });
    this.#sourceEnds = new Counter({
      name: 'sluice_capture_source_ends_total',
      help: 'Connections to sources that ended by themselves, or could not be made',
      labelNames: ['app', 'reason'],
      registers,
    });
    this.#publicationEnds = new Counter({
      name: 'sluice_capture_publication_ends_total',
      help: 'Publications of captures that ended',
      labelNames: ['app', 'cause'],
      registers,
    });
  }

  /** Registers gauges that are read at each scrape. */
  observe(captures: () => Iterable<Observed>): void {
    const registers = [this.registry];
    new Gauge({
      name: 'sluice_captures',
      help: 'Captures of this pod by the reason of the condition Capturing',
      labelNames: ['app', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { order, state } of captures()) this.inc({ app: order.appKey, reason: state.reason });
      },
    });
    new Gauge({
      name: 'sluice_capture_key_frame_interval_seconds',
      help: 'The longest time between two key frames of the captures',
      labelNames: ['app'],
      registers,
      collect() {
        this.reset();
        for (const [app, ms] of longestIntervals(captures())) this.set({ app }, ms / 1_000);
      },
    });
  }

  connecting(app: string): void {
    this.#connections.inc({ app });
  }

  /** Returns what counts the bytes of one capture: it is called for each packet. */
  receiving(app: string): (kind: TrackKind, bytes: number) => void {
    const bytes = {
      video: this.#bytes.labels({ app, kind: 'video' }),
      audio: this.#bytes.labels({ app, kind: 'audio' }),
    };
    return (kind, count) => bytes[kind].inc(count);
  }

  sourceEnded(app: string, reason: ConnectionEnd): void {
    this.#sourceEnds.inc({ app, reason });
  }

  /** A null cause = the media server could not be reached any more. */
  publicationEnded(app: string, cause: CaptureEndCause | null): void {
    this.#publicationEnds.inc({ app, cause: cause ?? 'unreachable' });
  }
}

/** By app, milliseconds. */
function longestIntervals(captures: Iterable<Observed>): Map<string, number> {
  const longest = new Map<string, number>();
  for (const { order, state } of captures) {
    const { keyFrameIntervalMs } = state;
    if (keyFrameIntervalMs === undefined) continue;
    longest.set(order.appKey, Math.max(keyFrameIntervalMs, longest.get(order.appKey) ?? 0));
  }
  return longest;
}
