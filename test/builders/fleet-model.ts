import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Roster, RosterMember } from '../../crds/schema/internal.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import { type Asking, NoAnswer, type Wire } from '../../media-server/fleet/ask.ts';
import type { FleetAnswer } from '../../media-server/fleet/combine.ts';
import { Fleet } from '../../media-server/fleet/fleet.ts';
import { isPeerOp, type PeerOp } from '../../media-server/fleet/messages.ts';
import { ownNames } from '../../media-server/fleet/own-names.ts';
import { type TerminateOrder, terminate } from '../../media-server/fleet/terminate.ts';
import type { Media } from '../../media-server/media/media.ts';
import { type Denial, DenyList } from '../../media-server/streams/deny.ts';
import { EndedLog } from '../../media-server/streams/ended-log.ts';
import { StreamRegistry } from '../../media-server/streams/registry.ts';
import { SessionRegistry } from '../../media-server/streams/session-registry.ts';
import { type Played, Stream } from '../../media-server/streams/stream.ts';
import { isServerMade, serverMadeId } from '../../media-server/streams/stream-id.ts';
import { Terminator } from '../../media-server/streams/terminate.ts';
import { nextRoster } from '../../operator/pods/roster.ts';
import { createLogger } from '../../process/logger.ts';
import { runningPod } from './fleet-parts.ts';
import { ModelChannel, ModelLine, ModelMedia } from './model-pipes.ts';
import { fakeApp, fakeLeg, fakeSession, NO_EVENTS } from './streams.ts';
import { VirtualClock } from './virtual-clock.ts';

const OPERATOR = 'operator';
const CALL_TIMEOUT_MS = 2_000;
const OPERATOR_EVERY_MS = 500;
/** How long the kubelet takes to tell that a container has ended or started. */
const KUBELET_MS = 700;
const VOLUME_REFRESH_MS = 45_000;
/** Both ends of a pipe have noticed by then that it is cut. */
const NOTICED_MS = 25_000;
const SILENT = createLogger('silent');

/** Time with a turn of the event loop after each timer, so that everything that it starts has run. */
class ModelClock extends VirtualClock {
  protected override async settle(): Promise<void> {
    await nextTurn();
  }
}

/** A stream that the model watches. */
type Watched = {
  readonly stream: Stream;
  readonly pod: ModelPod;
  readonly process: Process;
  readonly startedAt: number;
  endedAt: number | null;
};

/** What a container runs: the real parts of a pod in its fleet. */
type Process = {
  readonly fleet: Fleet;
  readonly registry: StreamRegistry;
  readonly terminator: Terminator;
  readonly deny: DenyList;
  readonly media: ModelMedia;
  /** Connections of this process, closed when it ends. */
  readonly channels: Set<ModelChannel>;
  readonly startedAt: number;
  /** When it was first seen to take streams, by the monotonic clock. */
  admittedAt: number | null;
  isRunning: boolean;
};

/** A terminate, and its answer. */
type Terminated = {
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

/** A Pod object with its container. */
export type ModelPod = {
  readonly name: string;
  readonly uid: string;
  process: Process | null;
  isFrozen: boolean;
  isDeleting: boolean;
  /** What the kubelet has told the API server. */
  told: { isRunning: boolean; endedAt: number };
  /** The file in the pod's volume, and the pod's own copy of the newest roster that it has acknowledged. */
  volume: Roster | null;
  copy: Roster | null;
  readonly waiting: (() => void)[];
};

export class Violation extends Error {}

/** A fleet of the real code: pods, the operator's roster, and a network, clock and API server that the test controls. */
export class FleetModel {
  readonly clock: VirtualClock;
  readonly pods: ModelPod[] = [];
  /** Links whose messages are lost, or refused as by a network policy. */
  readonly #cuts = new Map<string, { readonly how: 'lost' | 'refused'; readonly at: number }>();
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
  /** When the network or a pod last misbehaved, monotonic. */
  #disturbedAt = 0;
  #isOver = false;
  /** Terminates that were asked and answered. */
  #terminates = 0;
  #answered = 0;
  /** No message is slow any more. */
  #isCalm = false;

  constructor(seed: number) {
    this.clock = new ModelClock(seed);
    this.#everyStep(OPERATOR_EVERY_MS, () => this.#operate());
    this.#everyStep(VOLUME_REFRESH_MS, () => {
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
    this.#later(200, () => {
      this.#stopContainer(pod);
      this.#later(KUBELET_MS, () => {
        const index = this.pods.indexOf(pod);
        if (index >= 0) this.pods.splice(index, 1);
      });
    });
  }

  /** Kills the container; the kubelet starts it again. */
  crash(pod: ModelPod, afterMs: number): void {
    if (!pod.process || pod.isDeleting) return;
    this.#stopContainer(pod);
    this.#later(afterMs, () => {
      if (!pod.isDeleting && !pod.process) this.#startContainer(pod);
    });
  }

  freeze(pod: ModelPod, isFrozen: boolean): void {
    this.#disturbedAt = this.clock.monotonic();
    pod.isFrozen = isFrozen;
    if (!isFrozen) for (const run of pod.waiting.splice(0)) run();
  }

  /** Messages from one end to the other are lost, or calls refused. `operator` is an end as well. */
  cut(from: string, to: string, how: 'lost' | 'refused' = 'lost'): void {
    this.#disturbedAt = this.clock.monotonic();
    const link = `${from}>${to}`;
    if (this.#cuts.get(link)?.how !== how) this.#cuts.set(link, { how, at: this.clock.monotonic() });
  }

  heal(): void {
    this.#disturbedAt = this.clock.monotonic();
    this.#cuts.clear();
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
    if (this.#isTakenFor(pod, (other) => other.published && other.name === name)) {
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
    else if (this.#isTakenFor(pod, (other) => other.id === id)) {
      throw new Violation(`id "${id}" is in use on ${pod.name} as well`);
    }
    return isHeld ? null : stream;
  }

  #goLive(pod: ModelPod, process: Process, stream: Stream): void {
    stream.goLive();
    this.#watched.push({ stream, pod, process, startedAt: this.clock.monotonic(), endedAt: null });
  }

  stop(name: string): void {
    for (const each of this.#publications()) if (each.stream.name === name) void this.#end(each, 'client');
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
    const piped = this.#pipedPlaybacks();
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
    const isUndisturbed = askedAt - this.#disturbedAt > NOTICED_MS && this.#disturbedAt < askedAt;
    if (isAlone && this.#terminates === number && isUndisturbed) this.#checkCauses(piped, order, answer);
    if (answer.status !== 503) this.#checkEnded({ pod, process, order, askedAt, answer, piped });
    // A ban that a silent member may not have got.
    if (answer.status === 503) for (const { key } of bans) this.#partial.add(key);
    else this.#bans.push(...bans);
    return answer;
  }

  /** A playback that an order matches ends because of it, and not because its publication ends as well. */
  #checkCauses(piped: ReadonlySet<Watched>, { dryRun, filter }: TerminateOrder, answer: FleetAnswer): void {
    const matchesAll = Object.keys(filter).length === 0;
    if (dryRun || !matchesAll || answer.status === 503) return;
    for (const { stream } of piped) {
      if (stream.cause === 'publisher_gone') throw new Violation(`"${stream.name}" ended with its publication`);
    }
  }

  /** When all is healed: everybody is reachable, each name is published once, and bans hold everywhere. */
  async finish(): Promise<void> {
    if (this.violation) throw this.violation;
    this.#checkCutOff();
    this.heal();
    this.#isCalm = true;
    await this.clock.advance(12_000);
    this.#checkNames();
    if (this.violation) throw this.violation;
    await this.clock.advance(70_000);
    this.#checkOrphans();
    this.#checkIdle();
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
    this.#checkPipes(running.map(({ process }) => process));
    this.#isOver = true;
    for (const pod of this.pods) this.#stopContainer(pod);
  }

  /** Everything has been ended, so every name is free on every pod. */
  async #publishAgain(running: readonly { readonly pod: ModelPod }[]): Promise<void> {
    for (const name of new Set(this.#watched.map(({ stream }) => stream.name))) {
      for (const { pod } of running) {
        void this.publish(pod, name);
        await this.clock.advance(1_000);
        const live = this.#publications().filter(({ stream }) => stream.name === name);
        if (live.length === 0) throw new Violation(`"${name}" is free, but cannot be published on ${pod.name}`);
        for (const each of live) await this.#end(each, 'client');
        await this.clock.advance(100);
      }
    }
  }

  /** Live publications. */
  #publications(): Watched[] {
    return this.#watched.filter((each) => isLive(each) && each.stream.published);
  }

  /** Nothing is played any more, and no publication is on its way to another pod. */
  #checkPipes(running: readonly Process[]): void {
    for (const { fleet, media } of running) {
      const { incoming, outgoing } = fleet;
      const left = incoming.count + outgoing.count + media.open;
      if (left > 0) throw new Violation(`${left} pipes are left on ${fleet.membership.uid}`);
    }
  }

  /** Nobody keeps a publication of a pod that has been out of reach for long. */
  #checkCutOff(): void {
    const since = this.clock.monotonic() - NOTICED_MS;
    for (const [link, { at, how }] of this.#cuts) {
      const [from, to] = link.split('>').map((name) => this.pods.find((pod) => pod.name === name));
      if (how !== 'lost' || at > since || !from?.process || !to?.process || from.isFrozen || to.isFrozen) continue;
      const { channels } = to.process;
      const left = [...from.process.channels].some((channel) => channel.isOpen && channels.has(channel.opposite));
      if (left) throw new Violation(`a pipe over ${link} is still open`);
    }
  }

  /** A pipe is closed when nobody plays its publication any more. */
  #checkIdle(): void {
    for (const { name, process } of this.pods) {
      const played = this.#watched.filter((each) => isLive(each) && each.process === process && !each.stream.published);
      const names = new Set(played.map(({ stream }) => stream.name));
      if ((process?.fleet.incoming.count ?? 0) > names.size) throw new Violation(`${name} keeps a pipe that is idle`);
    }
  }

  /** A playback does not outlive its publication, which may be on another pod. */
  #checkOrphans(): void {
    const published = new Set(this.#publications().map(({ stream }) => stream.name));
    const orphan = this.#watched.find((each) => isLive(each) && !published.has(each.stream.name));
    if (orphan) throw new Violation(`"${orphan.stream.name}" still plays on ${orphan.pod.name} after its end`);
  }

  /** Playbacks that a pipe feeds which neither side has given up. */
  #pipedPlaybacks(): ReadonlySet<Watched> {
    const publications = this.#publications();
    const isPiped = ({ process, stream }: Watched): boolean =>
      publications.some(
        (each) =>
          each.stream.name === stream.name &&
          [...each.process.channels].some((channel) => channel.isOpen && process.channels.has(channel.opposite)),
      );
    return new Set(this.#watched.filter((each) => isLive(each) && !each.stream.published && isPiped(each)));
  }

  #checkEnded({ answer, askedAt, order: { dryRun, filter }, piped, pod, process }: Terminated): void {
    if (dryRun) return;
    const answered = new Set(answer.pods.flatMap((each) => (each.error === undefined ? [each.pod] : [])));
    for (const each of this.#watched) {
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
    const hasWaited = this.clock.now() - process.startedAt >= 60_000;
    const wasDown = asking.process.startedAt >= this.#wallClock(process.admittedAt ?? 0);
    if (!hasWaited && !wasDown) return false;
    return !this.pods.some(
      (other) => asking.answered.has(other.name) && this.#hasKnown(other, pod.uid, asking.askedAt),
    );
  }

  /** Whether a pod has known a member since before a time. */
  #hasKnown(pod: ModelPod, uid: string, since: number): boolean {
    const knownAt = pod.process && this.#known.get(pod.process)?.get(uid);
    return knownAt !== undefined && knownAt !== null && knownAt < since;
  }

  #wallClock(monotonic: number): number {
    return this.clock.now() - this.clock.monotonic() + monotonic;
  }

  /** Whether a rival is live on a pod that a claim of this pod has reached: nothing has misbehaved for seconds. */
  #isTakenFor(pod: ModelPod, isRival: (stream: Stream) => boolean): boolean {
    if (this.clock.monotonic() - this.#disturbedAt < 3_000) return false;
    return this.#watched.some(
      (each) =>
        isLive(each) &&
        isRival(each.stream) &&
        each.pod !== pod &&
        !each.pod.isFrozen &&
        pod.process?.fleet.membership.member(each.pod.uid) !== undefined &&
        !this.#cuts.has(`${pod.name}>${each.pod.name}`) &&
        !this.#cuts.has(`${each.pod.name}>${pod.name}`),
    );
  }

  #checkNames(): void {
    const holders = new Map<string, string>();
    for (const each of this.#publications()) {
      const other = holders.get(each.stream.name);
      if (other) throw new Violation(`"${each.stream.name}" is live on ${other} and ${each.pod.name}`);
      holders.set(each.stream.name, each.pod.name);
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
    const registry = new StreamRegistry();
    const sessions = new SessionRegistry();
    const { clock } = this;
    const terminator = new Terminator({
      registry,
      sessions,
      clock,
      keepAlive: { remove: () => undefined },
      elsewhere: { end: (publication, order) => process.fleet.outgoing.end(publication, order) },
      closeFailed: () => undefined,
      ended: (stream) => {
        for (const each of this.#watched) if (each.stream === stream) each.endedAt = clock.monotonic();
        if (stream.published) process.fleet.names.changed('app', stream.name);
      },
      sessionEnded: () => undefined,
    });
    const deny = new DenyList({ clock, isProxy: () => false });
    const media = new ModelMedia();
    const fleet = new Fleet({
      media: () => media as ModelMedia & Media,
      registry,
      sessions,
      terminator,
      deny,
      ended: new EndedLog(),
      events: NO_EVENTS,
      nodeId: pod.name,
      podName: pod.name,
      uid: pod.uid,
      startedAt: clock.now(),
      save: (roster) => {
        pod.copy = roster;
      },
      wire: this.#wire(pod, () => process.isRunning),
      own: ownNames(registry),
      lose: (_appKey, name) => this.#lose(process, name),
      clock,
      log: SILENT,
      metrics: { peerRequest: () => undefined, claimUnanswered: () => undefined, pipeFailed: () => undefined },
    });
    const process: Process = {
      ...{ fleet, registry, terminator, deny, media },
      channels: new Set(),
      startedAt: clock.now(),
      admittedAt: null,
      isRunning: true,
    };
    pod.process = process;
    const known = new Map<string, number>();
    this.#known.set(process, known);
    fleet.membership.onChange(() => {
      for (const { uid } of fleet.membership.others()) if (!known.has(uid)) known.set(uid, clock.monotonic());
    });
    const files = [pod.volume, pod.copy].filter((each) => each !== null);
    fleet.start(files.sort((one, other) => other.revision - one.revision)[0] ?? null);
    this.#later(KUBELET_MS, () => {
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
    this.#later(KUBELET_MS, () => {
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
      void this.#carry(OPERATOR, pod, CALL_TIMEOUT_MS, async ({ fleet }) => {
        fleet.takeRoster(structuredClone(roster));
        return fleet.membership.revision;
      })
        .then((revision) => this.#acknowledged.set(pod.uid, revision))
        .catch(() => undefined);
    }
  }

  #wire(from: ModelPod, isRunning: () => boolean): Wire {
    return {
      pipe: (member) => this.#pipe(from, member),
      send: (member: RosterMember, op: PeerOp, call, timeoutMs) => {
        if (!isPeerOp(op)) throw new Violation(`${op} is not a call`);
        // A process that was killed sends nothing.
        if (!isRunning()) return new Promise<never>(() => undefined);
        const to = this.pods.find(({ uid }) => uid === member.uid);
        const body: unknown = structuredClone(call);
        return this.#carry(from.name, to, timeoutMs, async ({ fleet }) =>
          structuredClone(await fleet.answer(op, body)),
        );
      },
    };
  }

  /** Connects a process to one of another pod. */
  #pipe(from: ModelPod, member: RosterMember): ModelChannel {
    const to = this.pods.find(({ uid }) => uid === member.uid);
    const there = this.#line(from, to);
    const back = this.#line(to, from);
    const [here, opposite] = ModelChannel.pair(there, back);
    from.process?.channels.add(here);
    const late = this.clock.setTimeout(() => here.fail('it did not answer in time'), CALL_TIMEOUT_MS);
    there.carry(() => {
      late.cancel();
      const isRefused = this.#cuts.get(`${from.name}>${to?.name}`)?.how === 'refused';
      if (!to?.process || isRefused) return here.fail('it refuses connections');
      to.process.channels.add(opposite);
      void to.process.fleet.outgoing.serve(opposite);
    });
    return here;
  }

  #line(from: ModelPod | undefined, to: ModelPod | undefined): ModelLine {
    const links = [`${from?.name}>${to?.name}`, `${to?.name}>${from?.name}`];
    return new ModelLine({
      later: (ms, run) => this.#later(ms, run),
      latency: () => this.#latency(),
      isCut: () => links.some((link) => this.#cuts.get(link)?.how === 'lost'),
      receive: (run) => {
        if (to?.isFrozen) to.waiting.push(run);
        else run();
      },
    });
  }

  /** Carries a call to a pod and its answer back. */
  #carry<T>(
    from: string,
    to: ModelPod | undefined,
    timeoutMs: number,
    work: (process: Process) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = this.clock.setTimeout(
        () => reject(new NoAnswer('it did not answer in time', { isRefused: false })),
        timeoutMs,
      );
      // The address of a pod that is gone answers nothing.
      if (!to) return;
      this.#later(this.#latency(), () => {
        const cut = this.#cuts.get(`${from}>${to.name}`)?.how;
        if (cut === 'lost') return;
        const { process } = to;
        const reply = (send: () => void): void => {
          if (this.#cuts.get(`${to.name}>${from}`)?.how === 'lost') return;
          this.#later(this.#latency(), () => {
            late.cancel();
            send();
          });
        };
        if (!process || cut === 'refused')
          return reply(() => reject(new NoAnswer('it refuses connections', { isRefused: true })));
        const run = (): void => {
          work(process).then(
            (value) => process.isRunning && reply(() => resolve(value)),
            (error: unknown) => {
              if (error instanceof Violation) throw error;
              reply(() => reject(new NoAnswer(String(error), { isRefused: false })));
            },
          );
        };
        if (to.isFrozen) to.waiting.push(run);
        else run();
      });
    });
  }

  #latency(): number {
    const chance = this.#isCalm ? 0.5 : this.clock.random();
    if (chance < 0.05) this.#disturbedAt = this.clock.monotonic();
    return Math.round(chance < 0.05 ? 1_500 * chance * 20 : 1 + chance * 20);
  }

  #later(ms: number, run: () => void): void {
    this.clock.setTimeout(() => {
      if (!this.#isOver) run();
    }, ms);
  }

  #everyStep(ms: number, run: () => void): void {
    const step = (): void => {
      run();
      this.#later(ms, step);
    };
    this.#later(ms, step);
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

const isLive = ({ endedAt }: Watched): boolean => endedAt === null;

const holds = ({ deny }: Process, key: string): boolean => deny.all().some((each) => each.key === key);
