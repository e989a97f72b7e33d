import type { Log } from '../../process/logger.ts';
import type { Finding } from './method-config.ts';

/** Bounds the memory: a backend may send new findings without end. */
const MOST_REMEMBERED = 1_000;
const KEY_LENGTH = 256;

/** Logs each finding in `restClientConfig` once, since a backend sends the same at each `connect`. */
export class IgnoredConfig {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  hear(appKey: string, findings: readonly Finding[]): void {
    const news = findings.filter((finding) => this.#isNew(appKey, finding));
    if (news.length > 0) this.#log.warn({ appKey, findings: news }, 'parts of restClientConfig are ignored');
  }

  #isNew(appKey: string, { field, method, reason }: Finding): boolean {
    const key = [appKey, method, field, reason].join(' ').slice(0, KEY_LENGTH);
    if (this.#said.has(key) || this.#said.size >= MOST_REMEMBERED) return false;
    this.#said.add(key);
    return true;
  }
}
