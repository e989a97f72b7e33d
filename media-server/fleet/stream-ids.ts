import type { Asking } from './ask.ts';

export type StreamIdsDeps = {
  readonly asking: Pick<Asking, 'all'>;
  readonly membership: { readonly uid: string; others(): readonly unknown[] };
  readonly metrics: { claimUnanswered(): void };
};

const ASK_TIMEOUT_MS = 500;

/** Ids that pages have chosen for their streams: one names one stream, as far as pods can be asked. */
export class StreamIds {
  readonly #deps: StreamIdsDeps;

  constructor(deps: StreamIdsDeps) {
    this.#deps = deps;
  }

  /** Asks the other pods for an id. Of two pods that ask at the same moment, both find it in use. */
  async isHeldElsewhere(id: string): Promise<boolean> {
    const { asking, membership, metrics } = this.#deps;
    if (membership.others().length === 0) return false;
    const replies = await asking.all('holds', { id }, ASK_TIMEOUT_MS);
    const others = replies.filter(({ uid }) => uid !== membership.uid);
    for (const { answer } of others) if (!answer) metrics.claimUnanswered();
    return others.some(({ answer }) => answer?.isHeld);
  }
}
