import type { PodStatus, Roster } from '../../crds/schema/internal.ts';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { Media } from '../media/media.ts';
import { answerPeer } from './answer-peers.ts';
import { type AnswersDeps, peerAnswers } from './answers.ts';
import { type AskDeps, Asking, type Wire } from './ask.ts';
import { IncomingPipes, type IncomingPipesDeps } from './incoming-pipes.ts';
import { Joining } from './joining.ts';
import { Membership } from './membership.ts';
import type { Knowledge, PeerOp, PeerReply } from './messages.ts';
import { Names, type NamesDeps } from './names.ts';
import { Orders } from './orders.ts';
import { OutgoingPipes, type OutgoingPipesDeps } from './outgoing-pipes.ts';
import { StreamIds } from './stream-ids.ts';

export type FleetDeps = Omit<AnswersDeps, 'membership' | 'knowledge' | 'names' | 'joining' | 'orders'> &
  Pick<NamesDeps, 'own' | 'lose'> &
  Pick<IncomingPipesDeps, 'events'> &
  Pick<OutgoingPipesDeps, 'events'> & {
    readonly podName: string;
    readonly uid: string;
    /** When this process started, Unix milliseconds. */
    readonly startedAt: number;
    /** Keeps a roster for the next process of this pod. */
    readonly save: (roster: Roster) => void;
    readonly wire: Wire;
    readonly media: () => Media;
    readonly clock: Clock;
    readonly log: Log;
    readonly metrics: AskDeps['metrics'] & NamesDeps['metrics'] & IncomingPipesDeps['metrics'];
  };

/** This pod as a member of its fleet. */
export class Fleet {
  readonly membership: Membership;
  readonly asking: Asking;
  readonly names: Names;
  readonly ids: StreamIds;
  readonly orders: Orders;
  readonly incoming: IncomingPipes;
  readonly outgoing: OutgoingPipes;
  readonly #joining: Joining;
  readonly #answers: ReturnType<typeof peerAnswers>;
  readonly #deps: Pick<FleetDeps, 'podName' | 'startedAt' | 'uid'>;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    this.orders = new Orders(deps.clock);
    this.membership = new Membership(deps);
    const { orders } = this;
    const knowledge = (): Knowledge => ({ denials: deps.deny.all(), names: this.names.known() });
    this.#answers = peerAnswers({
      ...deps,
      orders,
      membership: this.membership,
      knowledge,
      names: () => this.names,
      joining: () => this.#joining,
    });
    this.asking = new Asking({ ...deps, membership: this.membership, answers: this.#answers });
    this.names = new Names({ ...deps, membership: this.membership, asking: this.asking });
    this.ids = new StreamIds({ ...deps, membership: this.membership, asking: this.asking });
    this.incoming = new IncomingPipes({
      ...deps,
      orders,
      membership: this.membership,
      names: this.names,
      open: (member) => deps.wire.pipe(member),
    });
    this.outgoing = new OutgoingPipes({ ...deps, membership: this.membership });
    this.#joining = new Joining({
      ...deps,
      membership: this.membership,
      asking: this.asking,
      knowledge,
      copy: (uid, { denials, names }) => {
        for (const denial of denials) deps.deny.add(denial);
        this.names.copy(uid, names);
      },
    });
  }

  /** Begins to join the fleet, with the roster of a file if there is one. */
  start(found: Roster | null): void {
    if (found) this.membership.offer(found);
    this.#joining.start();
  }

  /** Takes over the roster of the operator. */
  takeRoster(roster: Roster): void {
    this.membership.offer(roster);
    if (roster.revision === this.membership.revision) this.#joining.confirm();
  }

  /** Starts a fleet of one: a process that runs without Kubernetes. */
  startAlone(): void {
    this.#joining.start();
    const { podName: pod, uid } = this.#deps;
    this.membership.offer({ revision: 1, members: [{ pod, uid, address: 'localhost', port: 1 }] });
  }

  /** Whether this pod takes streams: all members know it, or have been waited for. */
  get isAdmitted(): boolean {
    return this.#joining.isAdmitted;
  }

  /** Why this pod takes no streams yet; null = it does. */
  notAdmitted(): string | null {
    if (this.isAdmitted) return null;
    if (!this.membership.isMember) return 'joining: the operator has not sent a roster with this pod yet';
    const waiting = this.unknowing();
    return waiting.length > 0 ? `joining: waits for ${waiting.join(', ')}` : 'joining';
  }

  /** Answers a call of another pod. Throws if the call is not valid. */
  answer(op: PeerOp, body: unknown): Promise<PeerReply> {
    const { startedAt } = this.#deps;
    return answerPeer({ membership: this.membership, answers: this.#answers, startedAt }, op, body);
  }

  /** Names of the members that do not know this pod, except those whose container does not run. */
  unknowing(): string[] {
    return this.#joining.unknowing().map(({ pod }) => pod);
  }

  /** What the operator is told. */
  status(): NonNullable<PodStatus['fleet']> {
    const pipeFault = this.incoming.fault();
    return {
      revision: this.membership.revision,
      admitted: this.isAdmitted,
      unreached: this.#joining.unreached().map(({ pod }) => pod),
      ...(pipeFault === null ? {} : { pipeFault }),
    };
  }

  close(): void {
    this.#joining.close();
    this.names.close();
    this.incoming.close();
    this.outgoing.close();
  }
}

/** A wire for a fleet of one, which has nobody to call. */
export const NO_WIRE: Wire = {
  send: () => Promise.reject(new Error('a fleet of one calls no pod')),
  pipe: () => {
    throw new Error('a fleet of one calls no pod');
  },
};
