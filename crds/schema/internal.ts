import { type Static, Type } from 'typebox';
import { ServerConfig } from './server-config.ts';
import { StreamFilter } from './stream-filter.ts';

// The messages between the operator and the pods of a fleet on port 9091. Messages between pods: fleet/messages.

/** `PUT /internal/config`: the same config that the kubelet will later write to the pod's volume. */
export const ConfigPush = Type.Object({
  /** The config with the higher counter wins, whether it was pushed or came with the volume. */
  counter: Type.Integer({ minimum: 0 }),
  config: ServerConfig,
  /** Base64 contents by asset name. */
  assets: Type.Record(Type.String(), Type.String()),
});
export type ConfigPush = Static<typeof ConfigPush>;

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Unix time in milliseconds, in the range of Date; 0 = never. */
const Time = Type.Integer({ minimum: 0, maximum: 8.64e15 });
/** Used as the reason of a condition. */
const Word = Type.String({ maxLength: 100 });

/** One pod of a fleet. */
export const RosterMember = Type.Object({
  /** The name of the pod. */
  pod: Type.String({ minLength: 1, maxLength: 253 }),
  uid: Type.String({ minLength: 1, maxLength: 253 }),
  /** The address of its internal listener. */
  address: Type.String({ minLength: 1, maxLength: 253 }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  /** Only if its container does not run: when it ended, by the clock of its node; 0 = it has never run. */
  endedAt: Type.Optional(Time),
  /** True if its node has failed, as far as Kubernetes knows. */
  lost: Type.Optional(Type.Boolean()),
});
export type RosterMember = Static<typeof RosterMember>;

/** The members of a fleet. Only the operator changes it, and each change has a higher revision. */
export const Roster = Type.Object({
  revision: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  members: Type.Array(RosterMember, { maxItems: 5_000 }),
});
export type Roster = Static<typeof Roster>;

/** `PUT /internal/termination`: what a StreamTermination asks of one pod. */
export const TerminationOrder = Type.Object(
  {
    /** The uid of the StreamTermination. A pod carries it out once, and repeats its answer for an hour. */
    uid: Type.String({ minLength: 1, maxLength: 253 }),
    filter: StreamFilter,
    dryRun: Type.Boolean(),
    denyForMs: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  },
  { additionalProperties: false },
);
export type TerminationOrder = Static<typeof TerminationOrder>;

/** `PUT /internal/cordon`: whether a pod takes no new streams. */
export const Cordon = Type.Object({ cordoned: Type.Boolean() }, { additionalProperties: false });
export type Cordon = Static<typeof Cordon>;

export const TerminationAnswer = Type.Object({
  matched: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  terminated: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  /** With `denyForMs`: streams whose clients are denied. Clients that cannot be told apart are not. */
  denied: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /** What it could not do, and does not try again. */
  warning: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Why the pod must be asked again. */
  error: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type TerminationAnswer = Static<typeof TerminationAnswer>;

/** The name of the file with the roster, and of the key in the ConfigMap `<name>-roster`. */
export const ROSTER_FILE = 'roster.json';

export const PodApp = Type.Object({
  appKey: Type.String(),
  publications: Count,
  playbacks: Count,
  keepAlive: Type.Object({
    checked: Type.Boolean(),
    reason: Type.Optional(Word),
    warning: Type.Optional(Word),
  }),
});
export type PodApp = Static<typeof PodApp>;

/** The state of a RestHook's backend as seen by this pod. */
export const PodHook = Type.Object({
  name: Type.String(),
  lastSuccessAt: Time,
  lastFailureAt: Time,
  /** Calls in the last one to two minutes, and how many of them failed. */
  recentCalls: Count,
  recentFailures: Count,
  /** True if a keep-alive check waits for a connection longer than its timeout. */
  saturated: Type.Boolean(),
});
export type PodHook = Static<typeof PodHook>;

/**
 * `GET /internal/status`, and the response to a push. The operator validates it, because users choose the image of a
 * pod. Unknown fields are allowed; a later version may send them.
 */
export const PodStatus = Type.Object({
  pod: Type.String(),
  config: Type.Object({
    counter: Count,
    /** Hash of the config that the pod runs. */
    hash: Type.String(),
    /** The newest config that the pod has rejected since, and why. */
    refused: Type.Union([Type.Object({ hash: Type.String(), reason: Type.String() }), Type.Null()]),
  }),
  draining: Type.Boolean(),
  /** True while the pod takes no new streams, because it is to be removed. Missing if it cannot be asked to do so. */
  cordoned: Type.Optional(Type.Boolean()),
  /** Missing if the pod is a fleet of one. */
  fleet: Type.Optional(
    Type.Object({
      /** The revision of the roster that the pod has; 0 = none. */
      revision: Count,
      /** True once the pod takes streams: all other members know it, or have been waited for. */
      admitted: Type.Boolean(),
      /** Names of the members that do not know this pod yet. */
      unreached: Type.Array(Type.String(), { maxItems: 5_000 }),
      /** Why the pod could not get a stream from another pod in the last minute. */
      pipeFault: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
  ),
  publications: Count,
  playbacks: Count,
  apps: Type.Array(PodApp),
  hooks: Type.Array(PodHook),
});
export type PodStatus = Static<typeof PodStatus>;
