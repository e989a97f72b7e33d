import type { Roster, RosterMember } from '../../crds/schema/internal.ts';
import type { Log } from '../../process/logger.ts';

export type MembershipDeps = {
  /** The uid of this pod. */
  readonly uid: string;
  /** Keeps a roster for the next process of this pod. Called before the roster is used. */
  readonly save: (roster: Roster) => void;
  readonly log: Pick<Log, 'error' | 'info'>;
};

/** The roster as this pod knows it, and when the process of each member started. */
export class Membership {
  readonly uid: string;
  readonly #deps: MembershipDeps;
  readonly #listeners = new Set<() => void>();
  /** By uid: the newest process that has called or answered, Unix milliseconds by the clock of its node. */
  readonly #startedAt = new Map<string, number>();
  #roster: Roster | null = null;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
    this.uid = deps.uid;
  }

  /** null until the first roster arrives. */
  get roster(): Roster | null {
    return this.#roster;
  }

  get revision(): number {
    return this.#roster?.revision ?? 0;
  }

  /** Whether this pod has a roster that names it. */
  get isMember(): boolean {
    return this.member(this.uid) !== undefined;
  }

  /** All members but this pod. */
  others(): readonly RosterMember[] {
    return this.#roster?.members.filter(({ uid }) => uid !== this.uid) ?? [];
  }

  member(uid: string): RosterMember | undefined {
    return this.#roster?.members.find((each) => each.uid === uid);
  }

  /** Takes a roster over if its revision is higher. */
  offer(roster: Roster): void {
    if (this.#roster && roster.revision <= this.#roster.revision) return;
    this.#keep(roster);
    this.#roster = roster;
    const uids = new Set(roster.members.map(({ uid }) => uid));
    for (const uid of this.#startedAt.keys()) if (!uids.has(uid)) this.#startedAt.delete(uid);
    this.#deps.log.info({ revision: roster.revision, members: roster.members.length }, 'the roster has changed');
    for (const listener of this.#listeners) listener();
  }

  /** Without a copy, the next process of this pod may know less; this one goes on. */
  #keep(roster: Roster): void {
    try {
      this.#deps.save(roster);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the roster cannot be kept');
    }
  }

  /** Notes that a process of a member has been heard. */
  heard(uid: string, startedAt: number): void {
    if (startedAt > (this.#startedAt.get(uid) ?? 0)) this.#startedAt.set(uid, startedAt);
  }

  /** When the newest known process of a member started; 0 = it has not been heard. */
  startedAt(uid: string): number {
    return this.#startedAt.get(uid) ?? 0;
  }

  /**
   * Whether the roster says that the container of a member does not run. An end that is older than a process that has
   * been heard since says nothing about that process.
   */
  isDown(uid: string): boolean {
    const endedAt = this.member(uid)?.endedAt;
    return endedAt !== undefined && endedAt >= this.startedAt(uid);
  }

  /** Calls the listener when the roster has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
