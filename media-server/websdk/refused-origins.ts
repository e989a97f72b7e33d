import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';

export type RefusedOriginsDeps = { readonly clock: Clock; readonly log: Log };

const QUIET_MS = 60_000;
/** Of one minute; further ones are not logged, since a client can send any origin. */
const MOST_ORIGINS = 20;
const MOST_CHARACTERS = 256;

/** Logs origins that may not open sockets: each once a minute, since a page tries again without end. */
export class RefusedOrigins {
  readonly #deps: RefusedOriginsDeps;
  /** When each was logged, the oldest first. */
  readonly #logged = new Map<string, number>();

  constructor(deps: RefusedOriginsDeps) {
    this.#deps = deps;
  }

  add(origin: string): void {
    const now = this.#deps.clock.monotonic();
    for (const [known, at] of this.#logged) if (now - at >= QUIET_MS) this.#logged.delete(known);
    const shown = origin.slice(0, MOST_CHARACTERS);
    if (this.#logged.has(shown) || this.#logged.size >= MOST_ORIGINS) return;
    this.#logged.set(shown, now);
    this.#deps.log.info({ origin: shown }, 'a socket was refused: spec.rest.allowedOrigins does not list its origin');
  }
}
