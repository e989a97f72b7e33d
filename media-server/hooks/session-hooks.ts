import type { AdmissionMethod, EventMethod, HookMethod, MethodConfig } from '../../crds/schema/hook-methods.ts';

/** The calls of one session to its backend. Holds the sequence numbers, the order and the session's config layer. */
export type SessionHooks = {
  /** Asks the backend whether the session may go on (docs/hooks.md#what-an-answer-to-admission-means). Never throws. */
  admit(method: AdmissionMethod, body: HookBody, signal: AbortSignal): Promise<Admission>;
  /** Queues an event: delivered in order, in the background, never blocking. */
  event(method: EventMethod, body: HookBody): void;
  /** One keep-alive call, not retried. Never throws. */
  keepAlive(body: HookBody, options: KeepAliveOptions): Promise<HookReply>;
  /** The merged config of a method: built-in, then RestHook, then the reply to `connect`. */
  methodConfig(method: HookMethod): MethodConfig;
};

export type KeepAliveOptions = { readonly timeoutMs: number; readonly signal: AbortSignal };

/** JSON body before `restExclude` is applied. */
export type HookBody = Readonly<Record<string, unknown>>;

export type Admission =
  | { readonly kind: 'allowed'; readonly overwrite: Overwrite }
  /** 403 for the client, `Restricted access`. A page of the Web SDK is told the backend's reason of a `connect`. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** 503 for the client. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterSeconds: number };

/** Fields that the reply to `publishStream` or `playStream` overwrites, with their types checked. */
export type Overwrite = {
  readonly name?: string;
  readonly custom?: Readonly<Record<string, unknown>>;
  /** bits per second */
  readonly maxBitrate?: number;
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
};

/** The raw result of a call, before it is judged. */
export type HookReply =
  | {
      readonly kind: 'status';
      readonly status: number;
      /** The reason phrase of the status line; absent = unknown. */
      readonly phrase?: string;
      readonly retryAfterMs: number | null;
      /** Up to 64 KiB; filled only if it is read. */
      readonly body: string;
    }
  | {
      readonly kind: 'failure';
      readonly failure: HookFailure;
      /** True when the backend closed a pooled connection that had served before: no sign of its health. */
      readonly stale?: boolean;
    };
export type HookFailure = 'timeout' | 'refused' | 'reset' | 'dns' | 'tls' | 'aborted' | 'other';

/** A copy without the named fields, for `restExclude` and `clientExclude`. */
export function excludeFields(body: HookBody, fields: readonly string[]): HookBody {
  if (fields.length === 0) return body;
  return Object.fromEntries(Object.entries(body).filter(([field]) => !fields.includes(field)));
}
