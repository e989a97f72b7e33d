import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import type { Clock } from '../../process/clock.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { CapturePrograms } from './capture-programs.ts';
import type { Drain } from './drain.ts';
import type { Fleet } from './fleet.ts';

export type PlacementDeps = {
  readonly registry: StreamRegistry;
  readonly fleet: Pick<Fleet, 'isAdmitted'> & {
    readonly incoming: Pick<Fleet['incoming'], 'hasFailed' | 'isOpen'>;
    readonly membership: Pick<Fleet['membership'], 'others'>;
    readonly names: Pick<Fleet['names'], 'holderOf'>;
  };
  readonly captures: Pick<CapturePrograms, 'nameOf'>;
  readonly drain: Pick<Drain, 'refuses'>;
  readonly limits: () => {
    /** Playbacks of a publication that its pod serves; 0 = those that reach it. */
    readonly cascadeAfter: number;
    /** Playbacks of this pod; 0 = no limit. */
    readonly playbacks: number;
  };
  readonly clock: Pick<Clock, 'random'>;
};

/** Where an offer goes. */
export type Place = {
  /** Instead of this pod, the best first. Empty = this pod answers. */
  readonly members: readonly RosterMember[];
  /** Whether these pods must not send it back. */
  readonly isFinal: boolean;
};

const HERE: Place = { members: [], isFinal: false };

/** How many pods a draining pod tries for a new publication. */
const MOST_TRIED = 3;

/** Decides which pod answers an offer. */
export class Placement {
  readonly #deps: PlacementDeps;

  constructor(deps: PlacementDeps) {
    this.#deps = deps;
  }

  goesTo(direction: Direction, appKey: string, name: string): Place {
    if (direction === 'play') return this.#holder(appKey, this.#nameOf(appKey, name));
    return this.#deps.drain.refuses ? { members: this.#someMembers(), isFinal: true } : HERE;
  }

  /** Whether a viewer that another pod has handed on is to be served by that pod. */
  sendsBack(appKey: string, asked: string): boolean {
    const { drain, limits, registry } = this.#deps;
    const name = this.#nameOf(appKey, asked);
    const publication = registry.publication(appKey, name);
    if (!publication?.live) return false;
    const { cascadeAfter, playbacks } = limits();
    const isFull = playbacks > 0 && registry.byDirection('play').size >= playbacks;
    return isFull || drain.refuses || this.#isPlayedBy(cascadeAfter, appKey, name);
  }

  #nameOf(appKey: string, asked: string): string {
    return this.#deps.captures.nameOf(appKey, asked) ?? asked;
  }

  /** Whether a stream has this many playbacks here. Those that still ask the backend count: viewers come in crowds. */
  #isPlayedBy(most: number, appKey: string, name: string): boolean {
    let count = 0;
    for (const stream of this.#deps.registry.byName(name)) {
      if (!stream.published && stream.appKey === appKey) count++;
      if (count >= most) return true;
    }
    return most === 0;
  }

  /** The pod that holds a publication, unless this pod has it. */
  #holder(appKey: string, name: string): Place {
    const { fleet, limits, registry } = this.#deps;
    const isHere = registry.publication(appKey, name)?.live || fleet.incoming.isOpen(appKey, name);
    const holder = isHere || !fleet.isAdmitted ? null : fleet.names.holderOf(appKey, name);
    if (!holder) return HERE;
    // Without a way for the packets, the holder serves more viewers than it is meant to.
    const isFinal = fleet.incoming.hasFailed(holder);
    return isFinal || limits().cascadeAfter > 0 ? { members: [holder], isFinal } : HERE;
  }

  /** Some members whose containers run, as far as is known, in an order of their own each time. */
  #someMembers(): RosterMember[] {
    const { clock, fleet } = this.#deps;
    return fleet.membership
      .others()
      .filter(({ endedAt, lost }) => endedAt === undefined && !lost)
      .map((member) => ({ member, order: clock.random() }))
      .sort((one, other) => one.order - other.order)
      .slice(0, MOST_TRIED)
      .map(({ member }) => member);
  }
}
