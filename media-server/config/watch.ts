import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';

/** Editors and the kubelet change several files at once. */
const SETTLE_MS = 100;
/** A file that is written constantly, such as a log, must not delay other changes. */
const MOST_SETTLE_MS = 1_000;
/** inotify reports nothing on some file systems, or once a folder has been replaced. */
const LOOK_EVERY_MS = 5_000;

export type WatchDeps = { readonly clock: Clock; readonly log: Log; readonly onChange: () => void };

/**
 * Reports that something in a folder has changed, but not what. Watches the folder, not its files: a ConfigMap volume
 * swaps a symbolic link, and editors rename.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #deps: WatchDeps;
  #watcher: FSWatcher | null = null;
  #settle: Timer | null = null;
  /** When the first unreported change was seen, monotonic milliseconds. */
  #changedAt: number | null = null;
  #look: Timer;
  #seen = '';
  #closed = false;

  constructor(folder: string, deps: WatchDeps) {
    this.#folder = folder;
    this.#deps = deps;
    this.#open();
    this.#look = this.#lookLater();
    void this.#fingerprint().then((seen) => {
      this.#seen = seen;
    });
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#settle?.cancel();
    this.#look.cancel();
  }

  #open(): void {
    try {
      this.#watcher = watch(this.#folder, () => this.#changed());
      this.#watcher.on('error', (error) => {
        this.#deps.log.warn({ err: error, folder: this.#folder }, 'the folder cannot be watched; it is polled instead');
        this.#watcher?.close();
        this.#watcher = null;
      });
    } catch (error) {
      this.#deps.log.warn({ err: error, folder: this.#folder }, 'the folder cannot be watched; it is polled instead');
    }
  }

  #changed(): void {
    const { clock, onChange } = this.#deps;
    const now = clock.monotonic();
    this.#changedAt ??= now;
    const leftMs = Math.max(0, this.#changedAt + MOST_SETTLE_MS - now);
    this.#settle?.cancel();
    this.#settle = clock.setTimeout(
      () => {
        this.#changedAt = null;
        onChange();
      },
      Math.min(SETTLE_MS, leftMs),
    );
  }

  #lookLater(): Timer {
    return this.#deps.clock.setTimeout(() => {
      void this.#fingerprint().then((seen) => {
        if (this.#closed) return;
        if (seen !== this.#seen) this.#changed();
        this.#seen = seen;
        if (!this.#watcher) this.#open();
        this.#look = this.#lookLater();
      });
    }, LOOK_EVERY_MS);
  }

  /** Names, sizes and times; empty while the folder cannot be read. */
  async #fingerprint(): Promise<string> {
    try {
      const names = (await readdir(this.#folder)).sort();
      const stats = await Promise.all(names.map((name) => stat(join(this.#folder, name)).catch(() => null)));
      return names.map((name, index) => `${name} ${stats[index]?.size} ${stats[index]?.mtimeMs}`).join('\n');
    } catch {
      return '';
    }
  }
}
