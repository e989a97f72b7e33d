import { randomUUID } from 'node:crypto';
import { Session } from '../streams/session.ts';
import { connect } from './admission.ts';
import { checkJoining, checkResolved, unknownApp } from './checks.ts';
import { causeOf } from './rejections.ts';
import type { SessionDeps, SessionOutcome, SessionRequest } from './requests.ts';

/**
 * Opens a session without a stream: finds its app and asks the backend (`connect`). `publish` and `play` then start
 * streams in it until `terminator.endSession` ends it, or its client goes away.
 */
export async function openSession(deps: SessionDeps, request: SessionRequest): Promise<SessionOutcome> {
  const outcome = newSession(deps, request);
  if (outcome.kind === 'rejected') return outcome;
  endWhenGone(deps, outcome.session, request.signal);
  const rejection = await connect(deps, outcome.session);
  if (!rejection) return outcome;
  await deps.terminator.endSession(outcome.session, causeOf(rejection));
  return { kind: 'rejected', rejection };
}

/** Makes a session whose backend has not been asked yet. */
export function newSession(
  deps: SessionDeps,
  { appKey, capture, client, custom, kind }: SessionRequest,
): SessionOutcome {
  const joining = checkJoining(deps);
  if (joining) return { kind: 'rejected', rejection: joining };
  const app = deps.apps.get(appKey);
  if (!app) return { kind: 'rejected', rejection: unknownApp(appKey) };
  const unresolved = checkResolved(app);
  if (unresolved) return { kind: 'rejected', rejection: unresolved };

  const id = randomUUID();
  const hooks = deps.newHooks(app, () => deps.registry.bySession(id).size);
  const session = new Session({ id, kind, app, client, custom, capture, hooks, createdAt: deps.clock.now() });
  deps.sessions.add(session);
  return { kind: 'opened', session };
}

/** Ends a session with `disconnect` when its client goes away. The returned function stops that. */
export function endWhenGone({ terminator }: SessionDeps, session: Session, signal: AbortSignal): () => void {
  const end = (): void => void terminator.endSession(session, 'disconnect');
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return () => signal.removeEventListener('abort', end);
}
