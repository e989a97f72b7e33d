import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process, with its pid in the machine's pid namespace. */
export type MachineProcess = {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Its arguments, each followed by a NUL. */
  readonly command: string;
  /** Its pid namespace; empty for a zombie, which does not count as left behind. */
  readonly namespace: string;
};

/** All running processes. A process that ends during the scan is left out. */
export async function machineProcesses(): Promise<MachineProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => look(Number(pid)).catch(() => null)));
  return found.filter((process) => process !== null);
}

async function look(pid: number): Promise<MachineProcess> {
  const [stat, command] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ]);
  // proc_pid_stat(5): the name, in parentheses, may contain any character.
  const end = stat.lastIndexOf(')');
  const [state, parent] = stat.slice(end + 2).split(' ');
  const namespace = state === 'Z' ? '' : await readlink(`/proc/${pid}/ns/pid`);
  return { pid, parent: Number(parent), name: stat.slice(stat.indexOf('(') + 1, end), command, namespace };
}

/**
 * Returns the processes in these pid namespaces or in nested ones, which containers have. Being a descendant of a
 * host's first process is not enough: the parent of a process that `nsenter` started is outside.
 */
export function inNamespaces(all: readonly MachineProcess[], namespaces: ReadonlySet<string>): MachineProcess[] {
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const isInside = (process: MachineProcess | undefined): boolean =>
    process !== undefined && (namespaces.has(process.namespace) || isInside(byPid.get(process.parent)));
  return all.filter((process) => process.namespace !== '' && isInside(process));
}
