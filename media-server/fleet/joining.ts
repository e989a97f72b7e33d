import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { type Asking, isRefused } from './ask.ts';
import type { Membership } from './membership.ts';
import type { Knowledge } from './messages.ts';

export type JoiningDeps = {
  readonly membership: Membership;
  readonly asking: Pick<Asking, 'one'>;
  /** What this pod knows. */
  readonly knowledge: () => Knowledge;
  /** Takes over what a member knows. */
  readonly copy: (uid: string, knowledge: Knowledge) => void;
  readonly clock: Clock;
  readonly log: Log;
};

const RETRY_MS = 1_000;
/** How long a new pod waits for a member that does not answer. */
const MOST_WAIT_MS = 60_000;
/** The same for a member whose node has failed. */
const LOST_WAIT_MS = 5_000;
/**
 * A roster that a process finds at its start may be older than members that could not reach it then. They try every
 * second, so it waits a little longer than that, unless a newer roster arrives.
 */
const SETTLE_MS = 2_000;

/** A new member needs a moment until it answers. */
const UNREACHED_MS = 5_000;

/** How far a member knows this pod. */
type Contact = {
  /** When it was first asked, monotonic milliseconds. */
  readonly since: number;
  state: 'asking' | 'waiting' | 'joined';
  /** Its container does not run, as far as is known: it holds nothing, and is told when it is back. */
  isExcused: boolean;
};

/**
 * Makes this pod known to every other member, and copies what they know. The pod takes streams once all members know
 * it, so no stream exists that a terminate at another pod would miss. It goes on introducing itself to those that could
 * not be reached.
 */
export class Joining {
  readonly #deps: JoiningDeps;
  readonly #contacts = new Map<string, Contact>();
  #retry: Timer | null = null;
  #settle: Timer | null = null;
  #settled = false;
  #isAdmitted = false;
  #isClosed = false;

  constructor(deps: JoiningDeps) {
    this.#deps = deps;
    deps.membership.onChange(() => this.#look());
  }

  /** Starts with the roster of an earlier process or of a volume, if there is one. */
  start(): void {
    const { clock, membership } = this.#deps;
    const found = membership.revision;
    const settle = (): void => {
      this.#settled = true;
      this.#look();
    };
    if (found === 0) {
      settle();
      return;
    }
    this.#settle = clock.setTimeout(settle, SETTLE_MS);
    membership.onChange(() => this.confirm());
    this.#look();
  }

  /** The roster is not older than the start of this process: it has just come from the operator or another pod. */
  confirm(): void {
    if (this.#settled || this.#settle === null) return;
    this.#settle.cancel();
    this.#settled = true;
    this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#settle?.cancel();
  }

  /** Whether this pod takes streams. Once true, it stays true. */
  get isAdmitted(): boolean {
    return this.#isAdmitted;
  }

  /** Members that do not know this pod, except those whose container does not run. */
  unknowing(): RosterMember[] {
    return this.#deps.membership.others().filter(({ uid }) => {
      const contact = this.#contacts.get(uid);
      return contact?.state !== 'joined' && !contact?.isExcused;
    });
  }

  /** Those of them that have not answered for seconds. */
  unreached(): RosterMember[] {
    const since = this.#deps.clock.monotonic() - UNREACHED_MS;
    return this.unknowing().filter(({ uid }) => (this.#contacts.get(uid)?.since ?? since) <= since);
  }

  /** A member has introduced itself: its roster names this pod, so it knows it. */
  wasJoinedBy(uid: string, knowledge: Knowledge): void {
    const { clock, copy, membership } = this.#deps;
    copy(uid, knowledge);
    if (!membership.member(uid)) return;
    this.#contacts.set(uid, { since: clock.monotonic(), state: 'joined', isExcused: false });
    this.#decide();
  }

  #look(): void {
    const { membership } = this.#deps;
    if (this.#isClosed || !membership.isMember) return;
    const others = membership.others();
    const uids = new Set(others.map(({ uid }) => uid));
    for (const uid of this.#contacts.keys()) if (!uids.has(uid)) this.#contacts.delete(uid);
    for (const member of others) {
      const contact = this.#contactOf(member);
      if (contact.state === 'waiting') void this.#introduce(member, contact);
    }
    this.#decide();
    this.#lookAgain();
  }

  /** The contact with a member; a new one if its container has ended, since its next process may know less. */
  #contactOf({ uid }: RosterMember): Contact {
    const { clock, membership } = this.#deps;
    const known = this.#contacts.get(uid);
    if (known && !(known.state === 'joined' && membership.isDown(uid))) return known;
    const contact: Contact = { since: clock.monotonic(), state: 'waiting', isExcused: false };
    this.#contacts.set(uid, contact);
    return contact;
  }

  #lookAgain(): void {
    this.#retry?.cancel();
    const isDone = [...this.#contacts.values()].every(({ state }) => state === 'joined');
    this.#retry = isDone ? null : this.#deps.clock.setTimeout(() => this.#look(), RETRY_MS);
  }

  async #introduce(member: RosterMember, contact: Contact): Promise<void> {
    const { asking, copy, knowledge, membership } = this.#deps;
    const { roster } = membership;
    if (!roster) return;
    contact.state = 'asking';
    try {
      copy(member.uid, await asking.one(member, 'join', { roster, ...knowledge() }));
      contact.state = 'joined';
      contact.isExcused = false;
    } catch (error) {
      contact.state = 'waiting';
      contact.isExcused = isRefused(error) && membership.isDown(member.uid);
    }
    this.#decide();
  }

  #decide(): void {
    const { clock, log, membership } = this.#deps;
    if (this.#isAdmitted || this.#isClosed || !this.#settled || !membership.isMember) return;
    const waited = membership.others().filter(({ uid }) => this.#contacts.get(uid)?.state !== 'joined');
    if (!waited.every((member) => this.#mayPass(member, clock.monotonic()))) return;
    this.#isAdmitted = true;
    const unreached = this.unknowing().map(({ pod }) => pod);
    if (unreached.length > 0) log.warn({ unreached }, 'this pod takes streams although members do not know it');
    else log.info({ members: membership.others().length + 1 }, 'all members of the fleet know this pod');
    this.#tellAgain();
  }

  /** A member that has joined this one earlier may have copied less than this pod knows now. */
  #tellAgain(): void {
    const { denials, names } = this.#deps.knowledge();
    if (denials.length + names.length === 0) return;
    for (const contact of this.#contacts.values()) if (contact.state === 'joined') contact.state = 'waiting';
    this.#look();
  }

  /** Whether this pod may take streams although a member does not know it. */
  #mayPass({ lost, uid }: RosterMember, now: number): boolean {
    const contact = this.#contacts.get(uid);
    if (!contact) return false;
    return contact.isExcused || now - contact.since >= (lost ? LOST_WAIT_MS : MOST_WAIT_MS);
  }
}
