import type { RosterMember } from '../../crds/schema/internal.ts';
import { NoAnswer, type Wire } from '../../media-server/fleet/ask.ts';
import { isPeerOp, type PeerOp } from '../../media-server/fleet/messages.ts';
import { ModelChannel, ModelLine } from './model-pipes.ts';
import { type ModelPod, type Process, Violation } from './model-pods.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const CALL_TIMEOUT_MS = 2_000;

type How = 'lost' | 'refused';
type Cut = { readonly how: How; readonly at: number };

/** What is between the pods, and between them and the operator: links that are slow, lose messages, or are refused. */
export class ModelNetwork {
  readonly #clock: VirtualClock;
  readonly #pods: readonly ModelPod[];
  /** Links whose messages are lost, or refused as by a network policy: `from>to`. */
  readonly cuts = new Map<string, Cut>();
  /** When the network or a pod last misbehaved, monotonic. */
  disturbedAt = 0;
  /** No message is slow any more. */
  isCalm = false;
  #isOver = false;

  constructor(clock: VirtualClock, pods: readonly ModelPod[]) {
    this.#clock = clock;
    this.#pods = pods;
  }

  disturb(): void {
    this.disturbedAt = this.#clock.monotonic();
  }

  cut(from: string, to: string, how: How): void {
    this.disturb();
    const link = `${from}>${to}`;
    if (this.cuts.get(link)?.how !== how) this.cuts.set(link, { how, at: this.#clock.monotonic() });
  }

  heal(): void {
    this.disturb();
    this.cuts.clear();
  }

  /** Nothing happens from now on. */
  close(): void {
    this.#isOver = true;
  }

  /** The calls of a process to other pods. */
  wire(from: ModelPod, isRunning: () => boolean): Wire {
    return {
      pipe: (member) => this.#pipe(from, member),
      send: (member: RosterMember, op: PeerOp, call, timeoutMs) => {
        if (!isPeerOp(op)) throw new Violation(`${op} is not a call`);
        // A process that was killed sends nothing.
        if (!isRunning()) return new Promise<never>(() => undefined);
        const to = this.#pods.find(({ uid }) => uid === member.uid);
        const body: unknown = structuredClone(call);
        return this.carry(from.name, to, timeoutMs, async ({ fleet }) => structuredClone(await fleet.answer(op, body)));
      },
    };
  }

  /** Connects a process to one of another pod. */
  #pipe(from: ModelPod, member: RosterMember): ModelChannel {
    const to = this.#pods.find(({ uid }) => uid === member.uid);
    const there = this.#line(from, to);
    const back = this.#line(to, from);
    const [here, opposite] = ModelChannel.pair(there, back);
    from.process?.channels.add(here);
    const late = this.#clock.setTimeout(() => here.fail('it did not answer in time'), CALL_TIMEOUT_MS);
    there.carry(() => {
      late.cancel();
      const isRefused = this.cuts.get(`${from.name}>${to?.name}`)?.how === 'refused';
      if (!to?.process || isRefused) return here.fail('it refuses connections');
      to.process.channels.add(opposite);
      void to.process.fleet.outgoing.serve(opposite);
    });
    return here;
  }

  #line(from: ModelPod | undefined, to: ModelPod | undefined): ModelLine {
    const links = [`${from?.name}>${to?.name}`, `${to?.name}>${from?.name}`];
    return new ModelLine({
      later: (ms, run) => this.later(ms, run),
      latency: () => this.#latency(),
      isCut: () => links.some((link) => this.cuts.get(link)?.how === 'lost'),
      receive: (run) => {
        if (to?.isFrozen) to.waiting.push(run);
        else run();
      },
    });
  }

  /** Carries a call to a pod and its answer back. */
  carry<T>(
    from: string,
    to: ModelPod | undefined,
    timeoutMs: number,
    work: (process: Process) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = this.#clock.setTimeout(
        () => reject(new NoAnswer('it did not answer in time', { isRefused: false })),
        timeoutMs,
      );
      // The address of a pod that is gone answers nothing.
      if (!to) return;
      this.later(this.#latency(), () => {
        const cut = this.cuts.get(`${from}>${to.name}`)?.how;
        if (cut === 'lost') return;
        const { process } = to;
        const reply = (send: () => void): void => {
          if (this.cuts.get(`${to.name}>${from}`)?.how === 'lost') return;
          this.later(this.#latency(), () => {
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
    const chance = this.isCalm ? 0.5 : this.#clock.random();
    if (chance < 0.05) this.disturb();
    return Math.round(chance < 0.05 ? 1_500 * chance * 20 : 1 + chance * 20);
  }

  later(ms: number, run: () => void): void {
    this.#clock.setTimeout(() => {
      if (!this.#isOver) run();
    }, ms);
  }

  everyStep(ms: number, run: () => void): void {
    const step = (): void => {
      run();
      this.later(ms, step);
    };
    this.later(ms, step);
  }
}
