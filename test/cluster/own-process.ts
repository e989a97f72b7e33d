import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Identifies one process for certain: a pid alone is reused, also after a reboot. */
export type OwnProcess = { readonly pid: number; readonly startedAt: string; readonly boot: string };

/** Start time in clock ticks since boot, field 22 of proc_pid_stat(5). Null if the process does not exist. */
async function startedAt(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** The boot id of the machine, which changes at each boot. */
export const boot = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export async function ownProcess(pid: number): Promise<OwnProcess> {
  const since = await startedAt(pid);
  if (since === null) throw new Error(`process ${pid} ended at once`);
  return { pid, startedAt: since, boot: boot() };
}

export async function isAlive({ pid, ...known }: OwnProcess): Promise<boolean> {
  return known.boot === boot() && known.startedAt === (await startedAt(pid));
}
