import type { RosterMember } from '../../crds/schema/internal.ts';
import { type Clock, sleep } from '../../process/clock.ts';
import type { Channel } from './conversation.ts';
import type { Membership } from './membership.ts';
import {
  type Answer,
  checkMessage,
  PEER_OPS,
  type PeerCall,
  type PeerOp,
  PeerReply,
  type Question,
} from './messages.ts';

/** A member did not answer: the message says why. */
export class NoAnswer extends Error {
  /** True if its address refused the connection. */
  readonly isRefused: boolean;
  /** True if it cannot have received the call. */
  readonly isUnsent: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isRefused: boolean; readonly isUnsent?: boolean }) {
    super(message, options);
    this.name = 'NoAnswer';
    this.isRefused = options.isRefused;
    this.isUnsent = options.isUnsent ?? options.isRefused;
  }
}

/** The network between pods. */
export type Wire = {
  /** Sends a call; the reply as it came. Rejects with `NoAnswer`, at the latest after the timeout. */
  send(member: RosterMember, op: PeerOp, call: PeerCall, timeoutMs: number): Promise<unknown>;
  /** Opens a connection for a pipe. */
  pipe(member: RosterMember): Channel;
};

/** What this pod answers, to itself and to others. */
export type PeerAnswers = {
  readonly [Op in PeerOp]: (question: Question<Op>, from: string) => Answer<Op> | Promise<Answer<Op>>;
};

export type AskDeps = {
  readonly membership: Membership;
  readonly wire: Wire;
  readonly answers: PeerAnswers;
  readonly podName: string;
  /** When this process started, Unix milliseconds. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly metrics: { peerRequest(op: PeerOp, result: 'answered' | 'refused' | 'failed'): void };
};

/** The answer of one member, or why it could not be asked. */
export type Asked<A> = {
  readonly pod: string;
  readonly uid: string;
  readonly answer: A | null;
  /** null = it answered. Set beside the answer of a pod that does not know its fleet. */
  readonly error: string | null;
};

const NEVER = new AbortController().signal;

export const PEER_TIMEOUT_MS = 2_000;
const MOST_ROUNDS = 3;
/**
 * A container that has just exited cannot be connected to, and Kubernetes takes about a second to say so. Calls that
 * must reach every pod try again until then: the roster says that the container is down or its pod gone, or the
 * container is back. A call that may have arrived is not repeated: its streams would no longer match.
 */
const AGAIN_FOR_MS = 1_500;
const AGAIN_AFTER_MS = 150;

/** Asks the members of the fleet. */
export class Asking {
  readonly #deps: AskDeps;

  constructor(deps: AskDeps) {
    this.#deps = deps;
  }

  /** Asks one member. Rejects if it does not answer, or not as expected. */
  async one<Op extends PeerOp>(
    member: RosterMember,
    op: Op,
    question: Question<Op>,
    timeoutMs = PEER_TIMEOUT_MS,
  ): Promise<Answer<Op>> {
    const { membership, metrics, startedAt, wire } = this.#deps;
    try {
      const call = { from: membership.uid, startedAt, revision: membership.revision, question };
      const reply = checkMessage(PeerReply, await wire.send(member, op, call, timeoutMs), 'reply');
      membership.heard(member.uid, reply.startedAt);
      if (reply.roster) membership.offer(reply.roster);
      const answer = checkMessage(PEER_OPS[op].answer, reply.answer, 'answer') as Answer<Op>;
      metrics.peerRequest(op, 'answered');
      return answer;
    } catch (error) {
      metrics.peerRequest(op, isRefused(error) ? 'refused' : 'failed');
      throw error;
    }
  }

  /**
   * Asks all members and this pod, in parallel. A reply may bring a newer roster; members that only it names are asked
   * as well. Members that hold no stream are left out: those that have left the roster meanwhile, and those that refuse
   * the connection while their container does not run.
   */
  async all<Op extends PeerOp>(op: Op, question: Question<Op>, timeoutMs?: number): Promise<Asked<Answer<Op>>[]> {
    const { membership } = this.#deps;
    const here = this.#here(op, question);
    if (!membership.isMember) return [{ ...(await here), error: 'this pod does not know its fleet yet' }];
    const outcomes = new Map<string, Outcome<Answer<Op>>>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const fresh = membership.others().filter(({ uid }) => !outcomes.has(uid));
      if (fresh.length === 0) break;
      const answers = await Promise.all(fresh.map((member) => this.#outcome(member, op, question, timeoutMs)));
      for (const outcome of answers) outcomes.set(outcome.uid, outcome);
    }
    for (const { pod, uid } of membership.others()) {
      if (outcomes.has(uid)) continue;
      const error = 'it joined the fleet while the others were asked';
      outcomes.set(uid, { pod, uid, answer: null, error, ...ANSWERED });
    }
    const others = [...outcomes.values()].filter((outcome) => !this.#holdsNothing(outcome));
    return [await here, ...others.map(({ isRefused: _isRefused, isUnsent: _isUnsent, ...asked }) => asked)];
  }

  async #outcome<Op extends PeerOp>(
    member: RosterMember,
    op: Op,
    question: Question<Op>,
    timeoutMs: number | undefined,
  ): Promise<Outcome<Answer<Op>>> {
    const { clock } = this.#deps;
    // A stream that starts does not wait: a pod that does not answer does not block it.
    const giveUpAt = clock.monotonic() + (op === 'claim' || op === 'holds' ? 0 : AGAIN_FOR_MS);
    for (;;) {
      const outcome = await this.#try(member, op, question, timeoutMs);
      if (!outcome.isUnsent || this.#holdsNothing(outcome) || clock.monotonic() >= giveUpAt) return outcome;
      await sleep(clock, AGAIN_AFTER_MS, NEVER);
    }
  }

  async #try<Op extends PeerOp>(
    member: RosterMember,
    op: Op,
    question: Question<Op>,
    timeoutMs: number | undefined,
  ): Promise<Outcome<Answer<Op>>> {
    const { pod, uid } = member;
    try {
      return { pod, uid, answer: await this.one(member, op, question, timeoutMs), error: null, ...ANSWERED };
    } catch (error) {
      const failure = { isRefused: isRefused(error), isUnsent: isUnsent(error) };
      return { pod, uid, answer: null, error: messageOf(error), ...failure };
    }
  }

  /** Asks this pod alone. */
  async here<Op extends PeerOp>(op: Op, question: Question<Op>): Promise<Asked<Answer<Op>>[]> {
    return [await this.#here(op, question)];
  }

  async #here<Op extends PeerOp>(op: Op, question: Question<Op>): Promise<Asked<Answer<Op>>> {
    const { answers, membership, podName: pod } = this.#deps;
    try {
      return { pod, uid: membership.uid, answer: await answers[op](question, membership.uid), error: null };
    } catch (error) {
      return { pod, uid: membership.uid, answer: null, error: messageOf(error) };
    }
  }

  #holdsNothing({ error, isRefused, uid }: Outcome<unknown>): boolean {
    const { membership } = this.#deps;
    return error !== null && (!membership.member(uid) || (isRefused && membership.isDown(uid)));
  }
}

type Outcome<A> = Asked<A> & { readonly isRefused: boolean; readonly isUnsent: boolean };

const ANSWERED = { isRefused: false, isUnsent: false };

export const isRefused = (error: unknown): boolean => error instanceof NoAnswer && error.isRefused;

export const isUnsent = (error: unknown): boolean => error instanceof NoAnswer && error.isUnsent;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
