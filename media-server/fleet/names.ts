import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import { type CaptureEpoch, givesWay } from '../streams/capture-origin.ts';
import type { Asking } from './ask.ts';
import type { Membership } from './membership.ts';
import type { Answer, HeldName, Question } from './messages.ts';

/** A publication of this pod that holds its name, from the first step of admission until its transport is closed. */
export type OwnName = {
  readonly appKey: string;
  readonly name: string;
  /** When it was claimed, Unix milliseconds. */
  readonly at: number;
  /** The capture that it publishes. */
  readonly capture: CaptureEpoch | null;
  /** Whether it may be played. */
  readonly isLive: boolean;
};

export type NamesDeps = {
  readonly membership: Membership;
  readonly asking: Pick<Asking, 'all' | 'one'>;
  readonly clock: Clock;
  /** The publications of this pod. */
  readonly own: {
    get(appKey: string, name: string): OwnName | undefined;
    all(): Iterable<OwnName>;
  };
  /** Ends a publication of this pod because its name belongs to one of another pod. */
  readonly lose: (appKey: string, name: string) => void;
  readonly metrics: { claimUnanswered(): void };
};

const CLAIM_TIMEOUT_MS = 500;
/** A claim that is neither announced nor released lapses. */
const CLAIM_LAPSES_MS = 30_000;
const RETRY_MS = 1_000;

type Claim = HeldName & { readonly lapsesAt: number };

/** Names whose state has changed, by key. */
type Changes = Map<string, Pick<HeldName, 'appKey' | 'name'>>;

/**
 * Names of publications in the fleet: a name belongs to one publication. Before a publication starts, all members are
 * asked; when it goes live or ends, they are told. A member that was cut off is told when it is back, and the later of
 * two publications with one name ends.
 */
export class Names {
  readonly #deps: NamesDeps;
  /** Names that other pods hold: by uid, then by key. */
  readonly #held = new Map<string, Map<string, HeldName>>();
  /** Publications of other pods that have not started yet. */
  readonly #claims = new Map<string, Claim>();
  /** What each member has still to be told: the keys whose state has changed. */
  readonly #untold = new Map<string, Changes>();
  /** Calls under way, by uid. */
  readonly #telling = new Map<string, Promise<void>>();
  readonly #listeners = new Set<() => void>();
  #retry: Timer | null = null;
  #isClosed = false;

  constructor(deps: NamesDeps) {
    this.#deps = deps;
    deps.membership.onChange(() => this.#forgetGone());
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }

  /** Asks for a name that this pod is about to publish. Returns false if it is in use on another pod. */
  async claim(own: Omit<OwnName, 'isLive'>): Promise<boolean> {
    const { asking, membership } = this.#deps;
    const claim = this.#ofThisPod(own);
    // Without other members there is nobody to ask.
    if (membership.others().length === 0) return true;
    const rival = this.#claimBy(claim);
    if (rival && !givesWay(rival.capture, claim.capture)) return false;
    const replies = await asking.all('claim', { claim }, CLAIM_TIMEOUT_MS);
    const others = replies.filter(({ uid }) => uid !== membership.uid);
    for (const { answer } of others) if (!answer) this.#deps.metrics.claimUnanswered();
    const remembered = others.flatMap(({ answer }) => answer?.remembered ?? []);
    return !others.some(({ answer }) => answer?.isTaken) && !this.#isHeldBySilent(claim, remembered, others);
  }

  /** Calls the listener whenever a name may have gone live, here or on another pod. Returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A publication of this pod went live, or has left the registry: tells all members. */
  changed(appKey: string, name: string): void {
    this.#notify();
    for (const { uid } of this.#deps.membership.others()) this.#note(uid, { appKey, name });
    this.#tellAll();
  }

  /** Resolves when all members know what has changed, or did not answer. */
  async told(): Promise<void> {
    // The first round may carry what changed earlier.
    for (let round = 0; round < 2; round++) {
      this.#tellAll();
      await Promise.all(this.#telling.values());
    }
  }

  /** The pod on which a name is live, as far as this pod was told. */
  holderOf(appKey: string, name: string): RosterMember | null {
    const holder = this.#holders(keyOf({ appKey, name })).find((uid) => this.#deps.membership.member(uid));
    return (holder !== undefined && this.#deps.membership.member(holder)) || null;
  }

  #forget(uid: string, appKey: string, name: string): void {
    this.#held.get(uid)?.delete(keyOf({ appKey, name }));
  }

  /** All names that this pod knows of, for a member that joins. */
  known(): HeldName[] {
    return [...this.#live(), ...[...this.#held.values()].flatMap((names) => [...names.values()])];
  }

  #live(): HeldName[] {
    return [...this.#deps.own.all()].filter(({ isLive }) => isLive).map((own) => this.#ofThisPod(own));
  }

  /** Names that a member knows when it meets this pod. Its own are complete. */
  copy(from: string, names: readonly HeldName[]): void {
    const { membership } = this.#deps;
    this.#replace(
      from,
      names.filter(({ holder }) => holder === from),
    );
    const known = new Set([...this.#held.keys(), membership.uid]);
    for (const each of names) if (!known.has(each.holder)) this.#hold(each);
    // What went live here while the two met may have arrived before what was known earlier: it is told once more.
    for (const each of this.#live()) this.#note(from, each);
    this.#tellLater();
    this.#notify();
  }

  /** Answers a claim of another pod. */
  answerClaim({ claim }: Question<'claim'>): Answer<'claim'> {
    const { clock, membership, own } = this.#deps;
    // The registry of this pod holds its own claims.
    if (claim.holder === membership.uid) return { isTaken: false, remembered: [] };
    const key = keyOf(claim);
    if (givesWay(own.get(claim.appKey, claim.name)?.capture, claim.capture)) this.#deps.lose(claim.appKey, claim.name);
    const mine = own.get(claim.appKey, claim.name);
    const rival = this.#claimBy(claim);
    const isTaken =
      (mine !== undefined && (mine.isLive || comesFirst(this.#ofThisPod(mine), claim))) ||
      (rival !== undefined && rival.holder !== claim.holder && comesFirst(rival, claim));
    if (!isTaken) this.#claims.set(key, { ...claim, lapsesAt: clock.monotonic() + CLAIM_LAPSES_MS });
    return {
      isTaken,
      remembered: this.#holders(key).filter((uid) => uid !== claim.holder && !this.#yields(uid, claim)),
    };
  }

  /** Another pod tells what it holds. A publication of this pod that was claimed later ends. */
  answerLive({ held, released }: Question<'live'>): Answer<'live'> {
    for (const each of released) {
      this.#forget(each.holder, each.appKey, each.name);
      this.#endClaim(each);
    }
    for (const each of held) {
      this.#hold(each);
      this.#endClaim(each);
    }
    this.#notify();
    return { conflicts: held.flatMap((each) => this.#contest(each) ?? []) };
  }

  /** Settles who of two keeps a name: returns the name if this pod holds it, and ends its publication if not. */
  #contest(theirs: HeldName): HeldName | null {
    const own = this.#deps.own.get(theirs.appKey, theirs.name);
    if (own === undefined) return null;
    const mine = this.#ofThisPod(own);
    if (!comesFirst(mine, theirs)) this.#deps.lose(theirs.appKey, theirs.name);
    // One that is not live yet may be refused; it is announced when it goes live.
    return comesFirst(mine, theirs) && own.isLive ? mine : null;
  }

  #endClaim(of: HeldName): void {
    if (this.#claims.get(keyOf(of))?.holder === of.holder) this.#claims.delete(keyOf(of));
  }

  #ofThisPod({ appKey, at, capture, name }: Omit<OwnName, 'isLive'>): HeldName {
    const published = capture && { capture: { uid: capture.uid, epoch: capture.epoch, attempt: capture.attempt } };
    return { appKey, name, at, holder: this.#deps.membership.uid, ...published };
  }

  #claimBy(of: Pick<HeldName, 'appKey' | 'name'>): Claim | undefined {
    const { clock, membership } = this.#deps;
    const claim = this.#claims.get(keyOf(of));
    if (!claim) return undefined;
    // The process that claimed it may have died before it announced or released the name.
    const isVoid = claim.lapsesAt <= clock.monotonic() || claim.at < membership.startedAt(claim.holder);
    if (!isVoid) return claim;
    this.#claims.delete(keyOf(of));
    return undefined;
  }

  /**
   * A name stays with a pod that does not answer, until its container is known not to run. An older publication of the
   * same capture does not keep it: its pod may be lost, and ends it when it is back.
   */
  #isHeldBySilent(
    claim: HeldName,
    remembered: readonly string[],
    replies: readonly { readonly uid: string; readonly answer: unknown }[],
  ): boolean {
    const { membership } = this.#deps;
    const holders = new Set([...remembered, ...this.#holders(keyOf(claim))]);
    holders.delete(membership.uid);
    let isHeld = false;
    for (const uid of holders) {
      const isSilent = replies.some((reply) => reply.uid === uid && !reply.answer);
      if (isSilent && !membership.isDown(uid) && !this.#yields(uid, claim)) isHeld = true;
      // It answered that the name is free, or it is gone.
      else this.#forget(uid, claim.appKey, claim.name);
    }
    return isHeld;
  }

  /** Whether the publication that a pod is known to hold gives its name to this claim. */
  #yields(uid: string, claim: HeldName): boolean {
    return givesWay(this.#held.get(uid)?.get(keyOf(claim))?.capture, claim.capture);
  }

  #holders(key: string): string[] {
    return [...this.#held].filter(([, names]) => names.has(key)).map(([uid]) => uid);
  }

  #hold(held: HeldName): void {
    for (const uid of this.#held.keys()) if (this.#yields(uid, held)) this.#forget(uid, held.appKey, held.name);
    const names = this.#held.get(held.holder) ?? new Map<string, HeldName>();
    names.set(keyOf(held), held);
    this.#held.set(held.holder, names);
  }

  #replace(uid: string, names: readonly HeldName[]): void {
    this.#held.set(uid, new Map(names.map((each) => [keyOf(each), each])));
  }

  #forgetGone(): void {
    const { membership } = this.#deps;
    const isGone = (uid: string): boolean => !membership.member(uid) || membership.isDown(uid);
    for (const uid of this.#held.keys()) if (isGone(uid)) this.#held.delete(uid);
    for (const [key, { holder }] of this.#claims) if (isGone(holder)) this.#claims.delete(key);
    for (const uid of this.#untold.keys()) if (!membership.member(uid)) this.#untold.delete(uid);
  }

  #note(uid: string, of: Pick<HeldName, 'appKey' | 'name'>): void {
    const keys: Changes = this.#untold.get(uid) ?? new Map();
    keys.set(keyOf(of), of);
    this.#untold.set(uid, keys);
  }

  #tellAll(): void {
    if (this.#isClosed) return;
    for (const [uid, changes] of this.#untold) {
      const member = this.#deps.membership.member(uid);
      // One call at a time for each member, so that a later state never arrives first.
      if (member && !this.#telling.has(uid)) this.#telling.set(uid, this.#tell(member, changes));
    }
  }

  /** Never rejects. */
  async #tell(member: RosterMember, changes: Changes): Promise<void> {
    const { uid } = member;
    this.#untold.delete(uid);
    try {
      const { conflicts } = await this.#deps.asking.one(member, 'live', this.#state([...changes.values()]));
      for (const { appKey, name } of conflicts) this.#deps.lose(appKey, name);
    } catch {
      for (const each of changes.values()) this.#note(uid, each);
      this.#tellLater();
    } finally {
      this.#telling.delete(uid);
    }
    if (this.#untold.has(uid) && !this.#retry) this.#tellAll();
  }

  #tellLater(): void {
    if (this.#isClosed || this.#retry) return;
    this.#retry = this.#deps.clock.setTimeout(() => {
      this.#retry = null;
      this.#tellAll();
    }, RETRY_MS);
  }

  /** The present state of names: live here, or not held here. A claim in progress is neither. */
  #state(changes: readonly Pick<HeldName, 'appKey' | 'name'>[]): Question<'live'> {
    const states = changes.map((each) => ({ each, own: this.#deps.own.get(each.appKey, each.name) }));
    return {
      held: states.flatMap(({ own }) => (own?.isLive ? [this.#ofThisPod(own)] : [])),
      released: states.flatMap(({ each, own }) => (own ? [] : [this.#ofThisPod({ ...each, at: 0, capture: null })])),
    };
  }
}

/** Whether a claim comes before another one: a newer one of the same capture does, else by time, then by pod. */
function comesFirst(one: HeldName, other: HeldName): boolean {
  if (givesWay(other.capture, one.capture)) return true;
  if (givesWay(one.capture, other.capture)) return false;
  return one.at < other.at || (one.at === other.at && one.holder < other.holder);
}

/** App keys contain no line feed. */
const keyOf = ({ appKey, name }: Pick<HeldName, 'appKey' | 'name'>): string => `${appKey}\n${name}`;
