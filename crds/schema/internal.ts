import { type Static, Type } from 'typebox';
import { ServerConfig } from './server-config.ts';

// What the operator and the pods of a fleet say to each other on port 9091.

/** `PUT /internal/config`: the bytes that the pod's volume will have as well. */
export const ConfigPush = Type.Object({
  /** The higher counter wins, whichever way it came. */
  counter: Type.Integer({ minimum: 0 }),
  config: ServerConfig,
  /** Base64 by asset name. */
  assets: Type.Record(Type.String(), Type.String()),
});
export type ConfigPush = Static<typeof ConfigPush>;

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Unix milliseconds as a Date has them; 0 = never. */
const Time = Type.Integer({ minimum: 0, maximum: 8.64e15 });
/** Becomes the reason of a condition. */
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

/** How the backend of a RestHook answers this pod. */
export const PodHook = Type.Object({
  name: Type.String(),
  lastSuccessAt: Time,
  lastFailureAt: Time,
  /** Calls of the last minute or two, and how many of them failed. */
  recentCalls: Count,
  recentFailures: Count,
  /** A keep-alive check waits for a connection for longer than its timeout. */
  saturated: Type.Boolean(),
});
export type PodHook = Static<typeof PodHook>;

/**
 * `GET /internal/status`, and the answer to a push. The operator checks it: the image of a pod is chosen by its user. Fields
 * that it does not know are those of a later version.
 */
export const PodStatus = Type.Object({
  pod: Type.String(),
  config: Type.Object({
    counter: Count,
    /** Of the newest config that the pod runs. */
    hash: Type.String(),
    /** The newest config that the pod has refused since, and why. */
    refused: Type.Union([Type.Object({ hash: Type.String(), reason: Type.String() }), Type.Null()]),
  }),
  draining: Type.Boolean(),
  publications: Count,
  playbacks: Count,
  apps: Type.Array(PodApp),
  hooks: Type.Array(PodHook),
});
export type PodStatus = Static<typeof PodStatus>;
