import { type Static, Type } from 'typebox';
import { ServerConfig } from './server-config.ts';

// The messages between the operator and the pods of a fleet on port 9091.

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
  publications: Count,
  playbacks: Count,
  apps: Type.Array(PodApp),
  hooks: Type.Array(PodHook),
});
export type PodStatus = Static<typeof PodStatus>;
