import type { AdmissionMethod, EventMethod, HookMethod, MethodConfig, OverwritableField } from '../../crds/schema/hook.ts';

/** The calls of one session to its backend. Sequence numbers, order and the session's own config layer live here. */
export type SessionHooks = {
  /** Asks the backend whether the session may go on (hooks.md §5, admission). Never throws; aborted = `unavailable`. */
  admit(method: AdmissionMethod, body: HookBody, signal: AbortSignal): Promise<Admission>;
  /** Queues an event: delivered in order, in the background, never blocking. */
  event(method: EventMethod, body: HookBody): void;
  /** One keep-alive call, not retried. Never throws. */
  keepAlive(body: HookBody, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<HookReply>;
  /** The merged config of a method: built-in, then RestHook, then what `connect` answered. */
  methodConfig(method: HookMethod): MethodConfig;
  /** True when the RestHook exists and lists the method. */
  lists(method: HookMethod): boolean;
  /** Resolves when every queued event was delivered or dropped. */
  flushed(): Promise<void>;
};

/** JSON body before `restExclude` is applied. */
export type HookBody = Readonly<Record<string, unknown>>;

export type Admission =
  | { readonly kind: 'allowed'; readonly overwrite: Overwrite }
  /** 403 for the client, `Restricted access`. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** 503 for the client. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterSeconds: number };

export type Overwrite = { readonly [field in OverwritableField]?: unknown };

/** What came back, before anyone judged it. */
export type HookReply =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly kind: 'failure'; readonly failure: HookFailure };
export type HookFailure = 'timeout' | 'refused' | 'reset' | 'dns' | 'tls' | 'aborted' | 'other';
