import type { Roster } from '../../crds/schema/internal.ts';
import type { Fleet } from '../../media-server/fleet/fleet.ts';
import type { DenyList } from '../../media-server/streams/deny.ts';
import type { StreamRegistry } from '../../media-server/streams/registry.ts';
import type { Stream } from '../../media-server/streams/stream.ts';
import type { Terminator } from '../../media-server/streams/terminate.ts';
import type { ModelChannel, ModelMedia } from './model-pipes.ts';

/** A stream that the model watches. */
export type Watched = {
  readonly stream: Stream;
  readonly pod: ModelPod;
  readonly process: Process;
  readonly startedAt: number;
  endedAt: number | null;
};

/** What a container runs: the real parts of a pod in its fleet. */
export type Process = {
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

/** Something that must never happen has happened. */
export class Violation extends Error {}

export const isLive = ({ endedAt }: Watched): boolean => endedAt === null;

/** Whether a ban holds on a pod. */
export const holds = ({ deny }: Process, key: string): boolean => deny.all().some((each) => each.key === key);
