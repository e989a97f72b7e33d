import type { FleetKey } from '../../crds/render/fleet-key.ts';
import type { CaptureReport, CaptureState } from '../../crds/schema/capture-messages.ts';
import type { Assignment } from './assign.ts';
import { CaptureClient } from './capture-client.ts';
import { Keyed } from './keyed.ts';

/** The result of the last call to a capture pod. */
export type CapturePodReport =
  | { readonly kind: 'answered'; readonly report: CaptureReport }
  /** What it said before still stands. */
  | { readonly kind: 'failed'; readonly reason: string; readonly report: CaptureReport | null };

/** What changes all the time. */
export type CaptureFigures = Pick<CaptureState, 'bitrate' | 'keyFrameIntervalMs'>;
/** `at` is monotonic milliseconds. */
export type WrittenFigures = { readonly at: number; readonly figures: CaptureFigures };

/** The state of the capture pods of one MediaServer. It is lost when the operator restarts. */
export class CapturePods {
  /** By pod uid. */
  readonly reports = new Map<string, CapturePodReport>();
  /** Since when a pod is not ready, by pod uid, milliseconds of the monotonic clock. */
  readonly unreadySince = new Map<string, number>();
  /** The written assignments by uid of the StreamCapture: the store may lag behind. */
  readonly assigned = new Map<string, Assignment>();
  /** The figures of each capture that were written last, by uid of the StreamCapture. */
  readonly figures = new Map<string, WrittenFigures>();
  readonly #keyed = new Keyed((key) => new CaptureClient(key));

  use(key: FleetKey): CaptureClient {
    return this.#keyed.use(key);
  }

  /** null until the first key is known. */
  get client(): CaptureClient | null {
    return this.#keyed.client;
  }

  get key(): FleetKey | null {
    return this.#keyed.key;
  }

  /** What the pod of an assignment says about its capture; undefined = nothing yet. */
  stateOf(uid: string, { epoch, podUid }: Assignment): CaptureState | undefined {
    return this.reports.get(podUid)?.report?.captures.find((each) => each.uid === uid && each.epoch === epoch);
  }

  /** Forgets what is known about other pods and other captures. */
  keepOnly(pods: ReadonlySet<string>, captures: ReadonlySet<string>): void {
    for (const map of [this.reports, this.unreadySince]) keep(map, pods);
    for (const map of [this.assigned, this.figures]) keep(map, captures);
  }

  close(): Promise<void> {
    return this.#keyed.close();
  }
}

function keep(map: Map<string, unknown>, uids: ReadonlySet<string>): void {
  for (const uid of map.keys()) if (!uids.has(uid)) map.delete(uid);
}

/** What the status depends on at once: no figures, but whether there are any. Equal strings mean an equal status. */
export function captureEssence(reports: CapturePods['reports']): string {
  return JSON.stringify(
    [...reports].map(([uid, each]) => {
      if (each.kind === 'failed') return [uid, each.kind];
      const states = each.report.captures.map(({ bitrate, keyFrameIntervalMs: interval, ...state }) => [
        state,
        ...[interval, bitrate].map((figure) => figure !== undefined),
      ]);
      return [uid, each.report.hash, states];
    }),
  );
}
