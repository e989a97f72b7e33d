import { createHash } from 'node:crypto';
import type { MediaPod } from '../../crds/schema/capture-messages.ts';
import { urlHost } from '../../process/addresses.ts';

/** The media pods that captures are published to. */
export class MediaPods {
  #pods: readonly MediaPod[] = [];
  /** How often captures have gone to the next pod, by uid. */
  readonly #turns = new Map<string, number>();

  set(pods: readonly MediaPod[]): void {
    this.#pods = pods;
  }

  /** The URLs of the internal listeners that a capture is published to, each if those before do not take it. */
  urlsFor(uid: string): string[] {
    const byPreference = this.#pods.toSorted((one, other) => (weight(uid, one) < weight(uid, other) ? -1 : 1));
    const first = (this.#turns.get(uid) ?? 0) % Math.max(1, byPreference.length);
    const inTurn = [...byPreference.slice(first), ...byPreference.slice(0, first)];
    return inTurn.map(urlOf);
  }

  /** A pod did not take a capture: the next one is tried. */
  next(uid: string): void {
    this.#turns.set(uid, (this.#turns.get(uid) ?? 0) + 1);
  }

  /** A capture is gone. */
  forget(uid: string): void {
    this.#turns.delete(uid);
  }
}

/** The URL of the internal listener of a media pod. */
export const urlOf = ({ address, port }: MediaPod): string => `https://${urlHost(address)}:${port}`;

/** Captures spread over the pods, and each prefers the same pod at all times. */
const weight = (uid: string, { pod }: MediaPod): string => createHash('sha256').update(`${uid} ${pod}`).digest('hex');
