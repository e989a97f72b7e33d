import type { FleetAnswer } from '../../media-server/fleet/combine.ts';
import type { TerminateOrder } from '../../media-server/fleet/terminate.ts';
import type { Stream } from '../../media-server/streams/stream.ts';
import type { ModelNetwork } from './model-network.ts';
import { isLive, type ModelPod, type Process, Violation, type Watched } from './model-pods.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Both ends of a pipe have noticed by then that it is cut. */
export const NOTICED_MS = 25_000;

/** A terminate, and its answer. */
export type Terminated = {
  readonly pod: ModelPod;
  readonly process: Process;
  readonly order: TerminateOrder;
  /** Monotonic. */
  readonly askedAt: number;
  readonly answer: FleetAnswer;
  /** Playbacks of publications on other pods, when it was asked. */
  readonly piped: ReadonlySet<Watched>;
};

/** A terminate that has been answered. */
type AskedOnce = {
  readonly pod: ModelPod;
  readonly process: Process;
  /** Names of the pods that answered. */
  readonly answered: ReadonlySet<string>;
  /** Monotonic. */
  readonly askedAt: number;
};

export type ModelChecksDeps = {
  readonly clock: VirtualClock;
  readonly network: ModelNetwork;
  readonly pods: readonly ModelPod[];
  readonly watched: readonly Watched[];
  /** When each process first had a roster with a member, by uid. */
  readonly known: ReadonlyMap<Process, ReadonlyMap<string, number>>;
};

/** What must hold in a fleet; throws a `Violation` otherwise. */
export class ModelChecks {
  readonly #deps: ModelChecksDeps;

  constructor(deps: ModelChecksDeps) {
    this.#deps = deps;
  }

  /** Live publications. */
  publications(): Watched[] {
    return this.#deps.watched.filter((each) => isLive(each) && each.stream.published);
  }

  /** A playback that an order matches ends because of it, and not because its publication ends as well. */
  causes(piped: ReadonlySet<Watched>, { dryRun, filter }: TerminateOrder, answer: FleetAnswer): void {
    const matchesAll = Object.keys(filter).length === 0;
    if (dryRun || !matchesAll || answer.status === 503) return;
    for (const { stream } of piped) {
      if (stream.cause === 'publisher_gone') throw new Violation(`"${stream.name}" ended with its publication`);
    }
  }

  /** Nothing is played any more, and no publication is on its way to another pod. */
  pipes(running: readonly Process[]): void {
    for (const { fleet, media } of running) {
      const { incoming, outgoing } = fleet;
      const left = incoming.count + outgoing.count + media.open;
      if (left > 0) throw new Violation(`${left} pipes are left on ${fleet.membership.uid}`);
    }
  }

  /** Nobody keeps a publication of a pod that has been out of reach for long. */
  cutOff(): void {
    const since = this.#deps.clock.monotonic() - NOTICED_MS;
    for (const [link, { at, how }] of this.#deps.network.cuts) {
      const [from, to] = link.split('>').map((name) => this.#deps.pods.find((pod) => pod.name === name));
      if (how !== 'lost' || at > since || !from?.process || !to?.process || from.isFrozen || to.isFrozen) continue;
      const { channels } = to.process;
      const left = [...from.process.channels].some((channel) => channel.isOpen && channels.has(channel.opposite));
      if (left) throw new Violation(`a pipe over ${link} is still open`);
    }
  }

  /** A pipe is closed when nobody plays its publication any more. */
  idle(): void {
    for (const { name, process } of this.#deps.pods) {
      const played = this.#deps.watched.filter(
        (each) => isLive(each) && each.process === process && !each.stream.published,
      );
      const names = new Set(played.map(({ stream }) => stream.name));
      if ((process?.fleet.incoming.count ?? 0) > names.size) throw new Violation(`${name} keeps a pipe that is idle`);
    }
  }

  /** A playback does not outlive its publication, which may be on another pod. */
  orphans(): void {
    const published = new Set(this.publications().map(({ stream }) => stream.name));
    const orphan = this.#deps.watched.find((each) => isLive(each) && !published.has(each.stream.name));
    if (orphan) throw new Violation(`"${orphan.stream.name}" still plays on ${orphan.pod.name} after its end`);
  }

  /** Playbacks that a pipe feeds which neither side has given up. */
  pipedPlaybacks(): ReadonlySet<Watched> {
    const publications = this.publications();
    const isPiped = ({ process, stream }: Watched): boolean =>
      publications.some(
        (each) =>
          each.stream.name === stream.name &&
          [...each.process.channels].some((channel) => channel.isOpen && process.channels.has(channel.opposite)),
      );
    return new Set(this.#deps.watched.filter((each) => isLive(each) && !each.stream.published && isPiped(each)));
  }

  ended({ answer, askedAt, order: { dryRun, filter }, piped, pod, process }: Terminated): void {
    if (dryRun) return;
    const answered = new Set(answer.pods.flatMap((each) => (each.error === undefined ? [each.pod] : [])));
    for (const each of this.#deps.watched) {
      // Playbacks of a publication that has ended are ended on all pods.
      if (filter.published && !each.stream.published && !piped.has(each)) continue;
      if (filter.mediaSessionId !== undefined && filter.mediaSessionId !== each.stream.id) continue;
      if (!isLive(each) || each.startedAt >= askedAt || !each.process.isRunning) continue;
      if (this.#mayBeUnknown(each, { pod, process, answered, askedAt })) continue;
      const told = JSON.stringify(answer);
      throw new Violation(`${pod.name} answers ${told} while "${each.stream.name}" lives on ${each.pod.name}`);
    }
  }

  /**
   * The known hole: a pod takes streams although a member does not know it, because that member was silent for a
   * minute or down. It must say so, and a terminate through any pod that knows it must still reach it.
   */
  #mayBeUnknown({ pod, process }: Watched, asking: AskedOnce): boolean {
    if (!process.fleet.unknowing().includes(asking.pod.name)) return false;
    const hasWaited = this.#deps.clock.now() - process.startedAt >= 60_000;
    const wasDown = asking.process.startedAt >= this.#wallClock(process.admittedAt ?? 0);
    if (!hasWaited && !wasDown) return false;
    return !this.#deps.pods.some(
      (other) => asking.answered.has(other.name) && this.#hasKnown(other, pod.uid, asking.askedAt),
    );
  }

  /** Whether a pod has known a member since before a time. */
  #hasKnown(pod: ModelPod, uid: string, since: number): boolean {
    const knownAt = pod.process && this.#deps.known.get(pod.process)?.get(uid);
    return knownAt !== undefined && knownAt !== null && knownAt < since;
  }

  #wallClock(monotonic: number): number {
    return this.#deps.clock.now() - this.#deps.clock.monotonic() + monotonic;
  }

  /** Whether a rival is live on a pod that a claim of this pod has reached: nothing has misbehaved for seconds. */
  isTakenFor(pod: ModelPod, isRival: (stream: Stream) => boolean): boolean {
    if (this.#deps.clock.monotonic() - this.#deps.network.disturbedAt < 3_000) return false;
    return this.#deps.watched.some(
      (each) =>
        isLive(each) &&
        isRival(each.stream) &&
        each.pod !== pod &&
        !each.pod.isFrozen &&
        pod.process?.fleet.membership.member(each.pod.uid) !== undefined &&
        !this.#deps.network.cuts.has(`${pod.name}>${each.pod.name}`) &&
        !this.#deps.network.cuts.has(`${each.pod.name}>${pod.name}`),
    );
  }

  names(): void {
    const holders = new Map<string, string>();
    for (const each of this.publications()) {
      const other = holders.get(each.stream.name);
      if (other) throw new Violation(`"${each.stream.name}" is live on ${other} and ${each.pod.name}`);
      holders.set(each.stream.name, each.pod.name);
    }
  }
}
