import { readFileSync } from 'node:fs';
import { descendants } from '../../harness/descendants.ts';

/** The processes of a media server and of its captures. */
export type Programs = {
  /** The process for each camera, and the one that starts them. */
  readonly sources: readonly number[];
  readonly capture: readonly number[];
  readonly mediaServer: readonly number[];
  readonly workers: readonly number[];
};

export function programsOf(mediaServer: number): Programs {
  const commands = descendants(mediaServer).map((pid) => ({ pid, command: commandOf(pid) }));
  const named = (part: string): number[] =>
    commands.filter(({ command }) => command.includes(part)).map(({ pid }) => pid);
  return {
    sources: named('sluice-sources'),
    capture: named('capture/main.ts'),
    mediaServer: [mediaServer],
    workers: named('mediasoup-worker'),
  };
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
