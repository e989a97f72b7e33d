import type { AppConfig } from '../../crds/schema/server-config.ts';
import type { Hook } from '../hooks/hook.ts';

/**
 * One app as running sessions see it. A reload replaces its contents. If the app is deleted or its references no longer
 * resolve, running sessions keep the last good state.
 */
export type App = {
  /** The last good config. */
  readonly config: AppConfig;
  /** The backend, null = none: every admission is allowed. */
  readonly hook: Hook | null;
  /** Why new sessions cannot start, null = they can. */
  readonly unresolved: string | null;
};
