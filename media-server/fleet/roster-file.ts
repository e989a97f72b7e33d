import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Roster } from '../../crds/schema/internal.ts';
import type { Log } from '../../process/logger.ts';
import { checkMessage } from './messages.ts';

/**
 * The roster in files: the operator's, in the config volume, and this pod's own copy, which is newer and survives a
 * restart of the container. What a pod has acknowledged it must still know after a restart.
 */
export class RosterFiles {
  readonly #written: string;
  readonly #copy: string;
  readonly #log: Pick<Log, 'warn'>;

  /** `written`: the file in the config volume. `uid`: the uid of this pod. */
  constructor(written: string, uid: string, log: Pick<Log, 'warn'>) {
    this.#written = written;
    this.#copy = join(tmpdir(), `sluice-roster-${uid.replace(/[^\w-]/g, '_')}.json`);
    this.#log = log;
  }

  /** The newest roster in the files; null = there is none. */
  read(): Roster | null {
    const found = [this.#written, this.#copy].flatMap((file) => this.#readOne(file) ?? []);
    return found.sort((one, other) => other.revision - one.revision)[0] ?? null;
  }

  /** Writes the copy. Throws if it cannot be written. */
  save(roster: Roster): void {
    const next = `${this.#copy}.next`;
    writeFileSync(next, JSON.stringify(roster));
    renameSync(next, this.#copy);
  }

  /** A file that is not valid counts as missing: the operator sends the roster as well. */
  #readOne(file: string): Roster | null {
    try {
      return checkMessage(Roster, JSON.parse(readFileSync(file, 'utf8')), file);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) this.#log.warn({ err: error, file }, 'the roster in a file is not valid');
      return null;
    }
  }
}
