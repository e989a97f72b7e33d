/** The methods of a REST hook (WCS names), grouped by the effect of their response. */
export const ADMISSION_METHODS = ['connect', 'publishStream', 'playStream'] as const;
export const KEEP_ALIVE_METHOD = 'StreamKeepAliveEvent';
export const EVENT_METHODS = ['ConnectionStatusEvent', 'unPublishStream', 'stopStream', 'StreamStatusEvent'] as const;
export const HOOK_METHODS = [...ADMISSION_METHODS, KEEP_ALIVE_METHOD, ...EVENT_METHODS] as const;

export type AdmissionMethod = (typeof ADMISSION_METHODS)[number];
export type EventMethod = (typeof EVENT_METHODS)[number];
export type HookMethod = (typeof HOOK_METHODS)[number];

/** `LOG` = the error is logged only; `FAIL` = the operation fails. */
export const REST_ON_ERROR = ['LOG', 'FAIL'] as const;
export type RestOnError = (typeof REST_ON_ERROR)[number];

/** `NOTIFY` = the response body is ignored; `OVERWRITE` = it can overwrite fields; `DISABLE` = no call is made. */
export const REST_POLICIES = ['NOTIFY', 'OVERWRITE', 'DISABLE'] as const;
export type RestPolicy = (typeof REST_POLICIES)[number];

/** Fields that the response to `publishStream` and `playStream` can overwrite. */
export const OVERWRITABLE_FIELDS = ['name', 'custom', 'maxBitrate', 'hasVideo', 'hasAudio'] as const;
export type OverwritableField = (typeof OVERWRITABLE_FIELDS)[number];

/** The config of one method, with all layers merged (WCS `restClientConfig`). */
export type MethodConfig = {
  readonly clientExclude: readonly string[];
  readonly restExclude: readonly string[];
  readonly restOnError: RestOnError;
  readonly restPolicy: RestPolicy;
  readonly restOverwrite: readonly OverwritableField[];
};
