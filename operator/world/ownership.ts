import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { Caller } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import { type KubeObject, keyOf, pathOf, TYPES } from '../kube/objects.ts';
import type { Change } from '../kube/store.ts';

/** The operator that manages a MediaServer, and another one that asks whether the first is still running. */
type Recorded = { readonly name?: string; readonly claimedBy?: string | null };

/** An owner that leaves a claim unanswered this long is gone: its next replica takes less time to become leader. */
export const ANSWER_MS = 60_000;
/** The time after which an owner that answered is asked again. */
export const CLAIM_EVERY_MS = 5 * 60_000;

export type Step =
  | { readonly do: 'go on' | 'adopt' | 'answer' | 'claim' | 'take over' }
  | { readonly do: 'wait'; readonly ms: number };

/** `claimedAgoMs`: the time since this operator's claim; null = no claim. Pure. */
export function nextStep(recorded: Recorded, identity: string, claimedAgoMs: number | null): Step {
  const { claimedBy, name } = recorded;
  if (name === undefined) return { do: 'adopt' };
  if (name === identity) return { do: claimedBy ? 'answer' : 'go on' };
  if (claimedAgoMs === null) return { do: 'claim' };
  const isAnswered = claimedBy !== identity;
  const leftMs = (isAnswered ? CLAIM_EVERY_MS : ANSWER_MS) - claimedAgoMs;
  if (leftMs > 0) return { do: 'wait', ms: leftMs };
  return { do: isAnswered ? 'claim' : 'take over' };
}

export type OwnershipDeps = {
  readonly client: Caller;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
};

/** `mine`: this operator manages the object, in its current version. `foreign`: another one does; check again later. */
export type Owned =
  | { readonly kind: 'mine'; readonly object: KubeObject }
  | { readonly kind: 'foreign'; readonly lookAgainMs: number };

/**
 * Exactly one operator manages a MediaServer: the one named in its status. Any other operator writes a claim there. A
 * running owner removes the claim; an owner that is gone does not. No operator needs permission to read the Lease of
 * another, and a single operator writes nothing while idle.
 */
export class Ownership {
  /** The same for all replicas of an operator. */
  readonly #identity: string;
  readonly #deps: OwnershipDeps;
  /** The time of each claim by key of the MediaServer, by our own clock: others' clocks are not trusted. */
  readonly #claims = new Map<string, { readonly uid: string; readonly at: number }>();

  constructor(identity: string, deps: OwnershipDeps) {
    this.#identity = identity;
    this.#deps = deps;
  }

  isForeign(mediaServer: KubeObject): boolean {
    const { name } = recordedOf(mediaServer);
    return name !== undefined && name !== this.#identity;
  }

  /** Decides whether this operator manages a MediaServer, before any other write. Throws on a conflict. */
  async settle(object: KubeObject): Promise<Owned> {
    const { clock, log } = this.#deps;
    const key = keyOf(object);
    const { uid = '' } = object.metadata;
    const recorded = recordedOf(object);
    const claim = this.#claims.get(key);
    // One that was deleted and created again is another MediaServer.
    const step = nextStep(recorded, this.#identity, claim?.uid === uid ? clock.monotonic() - claim.at : null);
    switch (step.do) {
      case 'go on':
        this.#claims.delete(key);
        return { kind: 'mine', object };
      case 'wait':
        return { kind: 'foreign', lookAgainMs: step.ms };
      case 'claim':
        await this.#record(object, { claimedBy: this.#identity });
        this.#claims.set(key, { uid, at: clock.monotonic() });
        await this.#tellOfOwner(object, recorded.name ?? '');
        return { kind: 'foreign', lookAgainMs: ANSWER_MS };
      case 'answer':
      case 'adopt':
      case 'take over': {
        const owned = await this.#record(object, { name: this.#identity, claimedBy: null });
        this.#claims.delete(key);
        if (step.do === 'take over') {
          log.warn(
            { object: keyOf(object), from: recorded.name },
            'the operator of a MediaServer is gone; this operator takes over',
          );
        }
        return { kind: 'mine', object: owned };
      }
      default:
        return step satisfies never;
    }
  }

  /** The MediaServer with this key is gone. */
  forget(key: string): void {
    this.#claims.delete(key);
  }

  async #tellOfOwner(object: KubeObject, owner: string): Promise<void> {
    const { events, log } = this.#deps;
    log.warn(
      { object: keyOf(object), owner },
      'another operator manages this MediaServer; this operator leaves it alone',
    );
    await events.say(object, {
      type: 'Warning',
      reason: 'ManagedByOther',
      action: 'Reconcile',
      note: `operator "${owner}" manages this MediaServer; operator "${this.#identity}" leaves it alone`,
    });
  }

  /** Sends the observed resourceVersion: if two operators write at once, one fails. Returns the updated object. */
  async #record(object: KubeObject, operator: Recorded): Promise<KubeObject> {
    const { name, namespace = null, resourceVersion } = object.metadata;
    const path = `${pathOf(TYPES.MediaServer, namespace, name)}/status`;
    const { metadata, status } = await this.#deps.client.call<KubeObject>('PATCH', path, {
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion }, status: { operator } },
    });
    return { ...object, metadata: { ...object.metadata, ...versionOf(metadata) }, status };
  }
}

const versionOf = ({ resourceVersion }: KubeObject['metadata']): { resourceVersion?: string } =>
  resourceVersion === undefined ? {} : { resourceVersion };

export const recordedOf = ({ status }: KubeObject): Recorded =>
  (status as { readonly operator?: Recorded } | undefined)?.operator ?? {};

/** Whether the operator of a MediaServer, or a claim, has changed. */
export function hasChangedHands({ after, before }: Pick<Change, 'after' | 'before'>): boolean {
  if (!before || !after) return false;
  const [old, now] = [recordedOf(before), recordedOf(after)];
  return old.name !== now.name || (old.claimedBy ?? null) !== (now.claimedBy ?? null);
}
