/** Methods of a REST hook, WCS names, by what their answer may do. */
export const ADMISSION_METHODS = ['connect', 'publishStream', 'playStream'] as const;
export const KEEP_ALIVE_METHOD = 'StreamKeepAliveEvent';
export const EVENT_METHODS = ['ConnectionStatusEvent', 'unPublishStream', 'stopStream', 'StreamStatusEvent'] as const;
export const HOOK_METHODS = [...ADMISSION_METHODS, KEEP_ALIVE_METHOD, ...EVENT_METHODS] as const;

export type AdmissionMethod = (typeof ADMISSION_METHODS)[number];
export type EventMethod = (typeof EVENT_METHODS)[number];
export type HookMethod = (typeof HOOK_METHODS)[number];

/** `LOG` = log and go on; `FAIL` = the operation fails. */
export const REST_ON_ERROR = ['LOG', 'FAIL'] as const;
export type RestOnError = (typeof REST_ON_ERROR)[number];

/** `NOTIFY` = the reply body is ignored; `OVERWRITE` = it may overwrite fields; `DISABLE` = the method is not called. */
export const REST_POLICIES = ['NOTIFY', 'OVERWRITE', 'DISABLE'] as const;
export type RestPolicy = (typeof REST_POLICIES)[number];

/** Fields that the reply to `publishStream` and `playStream` may overwrite. */
export const OVERWRITABLE_FIELDS = ['name', 'custom', 'maxBitrate', 'hasVideo', 'hasAudio'] as const;
export type OverwritableField = (typeof OVERWRITABLE_FIELDS)[number];

/** How one method is called and what its answer means, all layers merged (WCS `restClientConfig`). */
export type MethodConfig = {
  readonly clientExclude: readonly string[];
  readonly restExclude: readonly string[];
  readonly restOnError: RestOnError;
  readonly restPolicy: RestPolicy;
  readonly restOverwrite: readonly OverwritableField[];
};
