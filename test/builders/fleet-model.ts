import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Roster } from '../../crds/schema/internal.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import type { Asking } from '../../media-server/fleet/ask.ts';
import type { FleetAnswer } from '../../media-server/fleet/combine.ts';
import { type TerminateOrder, terminate } from '../../media-server/fleet/terminate.ts';
import type { Denial } from '../../media-server/streams/deny.ts';
import { type Played, Stream } from '../../media-server/streams/stream.ts';
import { isServerMade, serverMadeId } from '../../media-server/streams/stream-id.ts';
import { nextRoster } from '../../operator/pods/roster.ts';
import { createLogger } from '../../process/logger.ts';
import { runningPod } from './fleet-parts.ts';
import { ModelChecks, NOTICED_MS } from './model-checks.ts';
import { CALL_TIMEOUT_MS, ModelNetwork } from './model-network.ts';
import { holds, isLive, type ModelPod, type Process, Violation, type Watched } from './model-pods.ts';
import { newProcess } from './model-process.ts';
import { fakeApp, fakeLeg, fakeSession } from './streams.ts';
import { VirtualClock } from './virtual-clock.ts';

const OPERATOR = 'operator';
const OPERATOR_EVERY_MS = 500;
/** How long the kubelet takes to tell that a container has ended or started. */
const KUBELET_MS = 700;
const VOLUME_REFRESH_MS = 45_000;
const SILENT = createLogger('silent');

/** Time with a turn of the event loop after each timer, so that everything that it starts has run. */
class ModelClock extends VirtualClock {
  protected override async settle(): Promise<void> {
    await nextTurn();
  }
}

/** A fleet of the real code: pods, the operator's roster, and a network, clock and API server that the test controls. */
export class FleetModel {
  readonly clock: VirtualClock;
  readonly pods: ModelPod[] = [];
  readonly #network: ModelNetwork;
  readonly #checks: ModelChecks;
  readonly #watched: Watched[] = [];
  readonly #bans: Denial[] = [];
  readonly #partial = new Set<string>();
  /** When each process first had a roster with a member, by uid. */
  readonly #known = new Map<Process, Map<string, number>>();
  isOperatorUp = true;
  violation: Violation | null = null;
  #written: Roster | null = null;
  readonly #acknowledged = new Map<string, number>();
  #next = 0;
  /** Terminates that were asked and answered. */
  #terminates = 0;
  #answered = 0;

  constructor(seed: number) {
    this.clock = new ModelClock(seed);
    const [clock, pods, watched, known] = [this.clock, this.pods, this.#watched, this.#known];
    this.#network = new ModelNetwork(clock, pods);
    this.#checks = new ModelChecks({ clock, network: this.#network, pods, watched, known });
    this.#network.everyStep(OPERATOR_EVERY_MS, () => this.#operate());
    this.#network.everyStep(VOLUME_REFRESH_MS, () => {
      for (const pod of this.pods) pod.volume = this.#written;
    });
  }

  addPod(): ModelPod {
    const name = String.fromCharCode(97 + this.#next++);
    const pod: ModelPod = {
      name,
      uid: `uid-${name}`,
      process: null,
      isFrozen: false,
      isDeleting: false,
      told: { isRunning: false, endedAt: 0 },
      volume: this.#written,
      copy: null,
      waiting: [],
    };
    this.pods.push(pod);
    this.#startContainer(pod);
    return pod;
  }

  /** Deletes a pod that has drained: it takes no streams, its process exits, its object goes. */
  removePod(pod: ModelPod): void {
    if (pod.isDeleting) return;
    pod.isDeleting = true;
    for (const each of this.#liveOn(pod)) void this.#end(each, 'client');
    this.#network.later(200, () => {
      this.#stopContainer(pod);
      this.#network.later(KUBELET_MS, () => {
        const index = this.pods.indexOf(pod);
        if (index >= 0) this.pods.splice(index, 1);
      });
    });
  }

  /** Kills the container; the kubelet starts it again. */
  crash(pod: ModelPod, afterMs: number): void {
    if (!pod.process || pod.isDeleting) return;
    this.#stopContainer(pod);
    this.#network.later(afterMs, () => {
      if (!pod.isDeleting && !pod.process) this.#startContainer(pod);
    });
  }

  freeze(pod: ModelPod, isFrozen: boolean): void {
    this.#network.disturb();
    pod.isFrozen = isFrozen;
    if (!isFrozen) for (const run of pod.waiting.splice(0)) run();
  }

  /** Messages from one end to the other are lost, or calls refused. `operator` is an end as well. */
  cut(from: string, to: string, how: 'lost' | 'refused' = 'lost'): void {
    this.#network.cut(from, to, how);
  }

  heal(): void {
    this.#network.heal();
    this.isOperatorUp = true;
    for (const pod of this.pods) this.freeze(pod, false);
  }

  /** Publishes on a pod as `sessions/publish` does; with an id, as a page of the Web SDK does. */
  async publish(pod: ModelPod, name: string, chosenId?: string): Promise<void> {
    const { process } = pod;
    if (!process?.fleet.isAdmitted || pod.isFrozen || pod.isDeleting) return;
    process.admittedAt ??= this.clock.monotonic();
    if (process.registry.publication('app', name)) return;
    const stream = await this.#begin(pod, process, this.#newStream(name, 'publish', chosenId));
    if (!stream) return;
    const isFree = await process.fleet.names.claim({ appKey: 'app', name, at: stream.createdAt, capture: null });
    if (!process.isRunning || stream.cause !== null) return;
    if (!isFree) return void (await process.terminator.end(stream, 'name_conflict'));
    if (this.#checks.isTakenFor(pod, (other) => other.published && other.name === name)) {
      throw new Violation(`"${name}" is published on ${pod.name} as well`);
    }
    this.#goLive(pod, process, stream);
    process.fleet.names.changed('app', name);
  }

  /** Plays on a pod as `sessions/play` does. */
  async play(pod: ModelPod, name: string, chosenId?: string): Promise<void> {
    const { process } = pod;
    if (!process?.fleet.isAdmitted || pod.isFrozen || pod.isDeleting) return;
    const { fleet, registry, terminator } = process;
    const stream = await this.#begin(pod, process, this.#newStream(name, 'play', chosenId));
    if (!stream) return;
    // A session ends with an error if there is no way to the other pod.
    const fetch = (): Promise<Played | null> => fleet.incoming.fetch('app', name).catch(() => null);
    const publication = registry.publication('app', name) ?? (await fetch());
    if (!process.isRunning) return;
    if (pod.isDeleting || stream.cause !== null || !publication?.live)
      return void (await terminator.end(stream, 'publisher_gone'));
    registry.bind(stream, publication);
    this.#goLive(pod, process, stream);
  }

  /** Adds a stream to a registry as `sessions/open-stream` does; null if its id is in use, or it has ended. */
  async #begin(pod: ModelPod, { fleet, registry, terminator }: Process, stream: Stream): Promise<Stream | null> {
    const { id } = stream;
    if (registry.get(id)) return null;
    registry.add(stream);
    if (isServerMade(id)) return stream;
    const isHeld = await fleet.ids.isHeldElsewhere(id);
    if (pod.process?.registry !== registry || stream.cause !== null) return null;
    if (isHeld) await terminator.end(stream, 'refused');
    else if (this.#checks.isTakenFor(pod, (other) => other.id === id)) {
      throw new Violation(`id "${id}" is in use on ${pod.name} as well`);
    }
    return isHeld ? null : stream;
  }

  #goLive(pod: ModelPod, process: Process, stream: Stream): void {
    stream.goLive();
    this.#watched.push({ stream, pod, process, startedAt: this.clock.monotonic(), endedAt: null });
  }

  stop(name: string): void {
    for (const each of this.#checks.publications()) if (each.stream.name === name) void this.#end(each, 'client');
  }

  /** Ends the playbacks of a pod, as their viewers do. */
  stopPlaying(pod: ModelPod): void {
    for (const each of this.#liveOn(pod)) if (!each.stream.published) void this.#end(each, 'client');
  }

  /** Sends a terminate to a pod and checks its answer. */
  async terminate(pod: ModelPod, over: Partial<TerminateOrder> = {}): Promise<FleetAnswer | null> {
    const { process } = pod;
    if (!process || pod.isFrozen) return null;
    const askedAt = this.clock.monotonic();
    const order: TerminateOrder = {
      filter: {},
      scope: 'fleet',
      dryRun: false,
      denyForMs: 0,
      ...over,
    };
    const bans: Denial[] = [];
    const piped = this.#checks.pipedPlaybacks();
    const number = ++this.#terminates;
    const isAlone = this.#answered === number - 1;
    const deps = {
      fleet: watchedBans(process.fleet.asking, bans),
      log: SILENT,
      metrics: { terminateRequest: () => undefined },
    };
    const answer = await terminate(deps, order, 'model');
    this.#answered++;
    if (!process.isRunning) return null;
    const isUndisturbed = askedAt - this.#network.disturbedAt > NOTICED_MS && this.#network.disturbedAt < askedAt;
    if (isAlone && this.#terminates === number && isUndisturbed) this.#checks.causes(piped, order, answer);
    if (answer.status !== 503) this.#checks.ended({ pod, process, order, askedAt, answer, piped });
    // A ban that a silent member may not have got.
    if (answer.status === 503) for (const { key } of bans) this.#partial.add(key);
    else this.#bans.push(...bans);
    return answer;
  }

  /** When all is healed: everybody is reachable, each name is published once, and bans hold everywhere. */
  async finish(): Promise<void> {
    if (this.violation) throw this.violation;
    this.#checks.cutOff();
    this.heal();
    this.#network.isCalm = true;
    await this.clock.advance(12_000);
    this.#checks.names();
    if (this.violation) throw this.violation;
    await this.clock.advance(70_000);
    this.#checks.orphans();
    this.#checks.idle();
    const running = this.pods.flatMap((pod) => (pod.process ? [{ pod, process: pod.process }] : []));
    for (const { pod, process } of running) {
      if (!process.fleet.isAdmitted) throw new Violation(`${pod.name} is never admitted`);
      const unreached = process.fleet.unknowing();
      if (unreached.length > 0) throw new Violation(`${pod.name} still cannot reach ${unreached}`);
      for (const { key, until } of this.#bans) {
        if (until <= this.clock.now() || this.#partial.has(key) || !running.some((each) => holds(each.process, key)))
          continue;
        if (!holds(process, key)) throw new Violation(`a ban does not hold on ${pod.name}`);
      }
    }
    for (const { pod } of running) {
      let answer: FleetAnswer | null = null;
      const asked = this.terminate(pod).then((each) => {
        answer = each;
      });
      await this.clock.advance(5_000);
      await asked;
      if ((answer as FleetAnswer | null)?.status === 503) {
        throw new Violation(`${pod.name} still answers 503 after healing: ${JSON.stringify(answer)}`);
      }
    }
    await this.#publishAgain(running);
    this.#checks.pipes(running.map(({ process }) => process));
    this.#network.close();
    for (const pod of this.pods) this.#stopContainer(pod);
  }

  /** Everything has been ended, so every name is free on every pod. */
  async #publishAgain(running: readonly { readonly pod: ModelPod }[]): Promise<void> {
    for (const name of new Set(this.#watched.map(({ stream }) => stream.name))) {
      for (const { pod } of running) {
        void this.publish(pod, name);
        await this.clock.advance(1_000);
        const live = this.#checks.publications().filter(({ stream }) => stream.name === name);
        if (live.length === 0) throw new Violation(`"${name}" is free, but cannot be published on ${pod.name}`);
        for (const each of live) await this.#end(each, 'client');
        await this.clock.advance(100);
      }
    }
  }

  /** The id of a live stream that a server has made; of none if there is no such stream. */
  someId(index: number): string {
    const ids = this.#watched.flatMap((each) => (isLive(each) && isServerMade(each.stream.id) ? [each.stream.id] : []));
    return ids[index % Math.max(1, ids.length)] ?? this.#newId();
  }

  #newId(): string {
    return serverMadeId(`${String(this.#next++).padStart(8, '0')}-0000-4000-8000-000000000000`);
  }

  #newStream(name: string, direction: Direction, id = this.#newId()): Stream {
    const createdAt = this.clock.now();
    const session = fakeSession({
      id,
      kind: direction === 'publish' ? 'whip' : 'whep',
      app: fakeApp('app'),
      client: { address: `client-of-${name}`, isShared: false, origin: '', version: '', token: `token-${name}` },
      createdAt,
    });
    const stream = new Stream({ id, session, direction, name, custom: {}, offer: '', createdAt });
    stream.leg = fakeLeg(async () => undefined);
    return stream;
  }

  async #end({ process, stream }: Watched, cause: EndCause): Promise<void> {
    await process.terminator.end(stream, cause);
  }

  #liveOn(pod: ModelPod): Watched[] {
    return this.#watched.filter((each) => isLive(each) && each.pod === pod);
  }

  #startContainer(pod: ModelPod): void {
    const { clock } = this;
    const process: Process = newProcess(pod, {
      clock,
      wire: this.#network.wire(pod, () => process.isRunning),
      ended: (stream) => {
        for (const each of this.#watched) if (each.stream === stream) each.endedAt = clock.monotonic();
      },
      lose: (name) => this.#lose(process, name),
    });
    const { fleet } = process;
    pod.process = process;
    const known = new Map<string, number>();
    this.#known.set(process, known);
    fleet.membership.onChange(() => {
      for (const { uid } of fleet.membership.others()) if (!known.has(uid)) known.set(uid, clock.monotonic());
    });
    const files = [pod.volume, pod.copy].filter((each) => each !== null);
    fleet.start(files.sort((one, other) => other.revision - one.revision)[0] ?? null);
    this.#network.later(KUBELET_MS, () => {
      if (pod.process === process) pod.told = { ...pod.told, isRunning: true };
    });
  }

  #lose(process: Process, name: string): void {
    const publication = process.registry.publication('app', name);
    if (!publication) return;
    const isEarlier = ({ endedAt, pod, process: other, stream }: Watched): boolean =>
      other !== process &&
      stream.name === name &&
      (endedAt === null || endedAt > this.clock.monotonic() - 60_000) &&
      (stream.createdAt < publication.createdAt ||
        (stream.createdAt === publication.createdAt && pod.uid < process.fleet.membership.uid));
    if (!this.#watched.some(isEarlier)) {
      this.#fail(new Violation(`"${name}" ends although no other publication was earlier`));
    }
    void process.terminator.end(publication, 'name_conflict');
  }

  /** Reports a violation that happens inside the code under test, which would catch it. */
  #fail(violation: Violation): void {
    this.violation ??= violation;
  }

  #stopContainer(pod: ModelPod): void {
    const { process } = pod;
    if (!process) return;
    process.isRunning = false;
    process.fleet.close();
    for (const channel of process.channels) channel.close();
    pod.process = null;
    pod.isFrozen = false;
    pod.waiting.length = 0;
    for (const each of this.#watched) {
      if (each.process === process && isLive(each)) each.endedAt = this.clock.monotonic();
    }
    // Kubernetes tells seconds.
    const endedAt = Math.floor(this.clock.now() / 1_000) * 1_000;
    this.#network.later(KUBELET_MS, () => {
      if (pod.process !== process) pod.told = { isRunning: pod.process !== null && pod.told.isRunning, endedAt };
    });
  }

  /** One look of the operator at the pods. */
  #operate(): void {
    if (!this.isOperatorUp) return;
    const pods = this.pods.map(({ name, told, uid }) => runningPod(uid, { name, address: name, ...told }));
    const highest = Math.max(0, ...this.#acknowledged.values());
    this.#written = nextRoster({ current: this.#written, pods, highest, now: 1 });
    const roster = this.#written;
    for (const pod of this.pods) {
      if (!pod.told.isRunning || (this.#acknowledged.get(pod.uid) ?? 0) >= roster.revision) continue;
      void this.#network
        .carry(OPERATOR, pod, CALL_TIMEOUT_MS, async ({ fleet }) => {
          fleet.takeRoster(structuredClone(roster));
          return fleet.membership.revision;
        })
        .then((revision) => this.#acknowledged.set(pod.uid, revision))
        .catch(() => undefined);
    }
  }
}

/** Collects the denials that an order has made on any pod. */
const watchedBans = (asking: Asking, bans: Denial[]): Pick<Asking, 'all' | 'here'> => ({
  here: asking.here.bind(asking),
  all: async (op, question) => {
    const replies = await asking.all(op, question);
    for (const { answer } of replies) if (answer && 'denials' in answer) bans.push(...answer.denials);
    return replies;
  },
});
