import type { Session } from './session.ts';

/** The one map of this pod's sessions, from the checks that come before `connect` until their last stream has ended. */
export class SessionRegistry {
  readonly #byId = new Map<string, Session>();

  add(session: Session): void {
    this.#byId.set(session.id, session);
  }

  /** False if it had left before. */
  remove(session: Session): boolean {
    return this.#byId.delete(session.id);
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Session> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether any session uses this app, also one without streams. */
  uses(appKey: string): boolean {
    return [...this.all()].some((session) => session.appKey === appKey);
  }
}
