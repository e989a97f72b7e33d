import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../harness/wait.ts';
import { attempt, launch, type RunOptions, run } from './commands.ts';
import { inNamespaces, machineProcesses } from './host-processes.ts';
import { isAlive, type OwnProcess, ownProcess } from './own-process.ts';
import { type Both, families, program, programs, SETTINGS } from './settings.ts';

const INIT = join(import.meta.dirname, 'host-init.sh');

/**
 * A host: one process tree in its own mount, uts, ipc, network and pid namespaces. When its first process ends, the
 * kernel ends all others and removes the network. A host outlives its starter; its state is in its folder.
 */
export class Host {
  readonly name: string;
  readonly address: Both;
  readonly folder: string;

  constructor(name: string, address: Both) {
    this.name = name;
    this.address = address;
    this.folder = join(SETTINGS.folder, name);
  }

  /** The end of its veth pair on the machine's bridge. At most 15 characters (IFNAMSIZ). */
  get #device(): string {
    return `sl-${this.address.ipv4.split('.').at(-1)}`;
  }

  async start(): Promise<void> {
    if (await this.isUp()) return;
    await mkdir(this.folder, { recursive: true });
    await rm(join(this.folder, 'ready'), { force: true });
    await writeFile(join(this.folder, 'address'), `${this.address.ipv4} ${this.address.ipv6}`);
    await attempt('ip', ['link', 'delete', this.#device]);
    const outer = await this.#unshare();
    const first = await until(`first process of ${this.name}`, () => firstChild(outer.pid));
    await this.#remember(outer, await ownProcess(first));
    const cable = ['link', 'add', this.#device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(first)];
    await run('ip', cable);
    await run('ip', ['link', 'set', this.#device, 'master', SETTINGS.bridge, 'up']);
    await until(`${this.name} is set up (${join(this.folder, 'host.log')})`, () => this.#isReady());
  }

  async #unshare(): Promise<OwnProcess> {
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const { ipv4, ipv6 } = SETTINGS.prefixLength;
    const addresses = families({ ipv4: `${this.address.ipv4}/${ipv4}`, ipv6: `${this.address.ipv6}/${ipv6}` });
    const init = [INIT, this.folder, this.name, ...addresses];
    const log = openSync(join(this.folder, 'host.log'), 'w');
    const pid = launch('unshare', [...namespaces, '--propagation', 'private', '--', ...init], log);
    closeSync(log);
    return ownProcess(pid);
  }

  async #remember(outer: OwnProcess, first: OwnProcess): Promise<void> {
    await writeFile(join(this.folder, 'host.json'), JSON.stringify({ outer, first }));
  }

  async #known(): Promise<{ outer: OwnProcess; first: OwnProcess } | null> {
    const text = await readFile(join(this.folder, 'host.json'), 'utf8').catch(() => null);
    return text === null ? null : JSON.parse(text);
  }

  async #isReady(): Promise<boolean> {
    return (await readdir(this.folder)).includes('ready');
  }

  async isUp(): Promise<boolean> {
    const known = await this.#known();
    return known !== null && (await isAlive(known.first));
  }

  /** Kills every process on the host at once, as a power failure does. Its disk is kept. */
  async kill(): Promise<void> {
    const known = await this.#known();
    const written = known ? [known.first, known.outer] : [];
    await this.#resumeEntered();
    for (const own of [...written, ...(await this.#unwritten())]) {
      // The process may have ended since it was listed.
      if (await isAlive(own)) signal(own.pid, 'SIGKILL');
      await until(`process ${own.pid} of ${this.name} has ended`, async () => !(await isAlive(own)));
    }
    // The kernel may remove its network namespace, and so the veth pair, a moment later.
    await attempt('ip', ['link', 'delete', this.#device]);
    await rm(join(this.folder, 'host.json'), { force: true });
  }

  /** Finds processes of an interrupted start that were not recorded yet, by their command line. */
  async #unwritten(): Promise<OwnProcess[]> {
    const start = `${INIT}\0${this.folder}\0${this.name}\0`;
    const ours = (await machineProcesses()).filter(({ command }) => command.includes(start));
    const found = await Promise.all(ours.map(({ pid }) => ownProcess(pid).catch(() => [])));
    return found.flat();
  }

  /** Runs a command on the host and waits for it. */
  async run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return run('nsenter', [...(await this.#enter()), command, ...args], options);
  }

  /** Starts a program on the host in the background. Its output goes to `<name>.log` in the host's folder. */
  async launch(name: string, args: readonly string[]): Promise<void> {
    const pidFile = join(this.folder, `${name}.pid`);
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const shell = ['sh', '-c', `echo $$ > "$0"; exec "$@"`, pidFile, program(name), ...args];
    launch('nsenter', [...(await this.#enter()), ...shell], log, {
      ...process.env,
      PATH: `${programs()}:/usr/sbin:/usr/bin:/sbin:/bin`,
    });
    closeSync(log);
  }

  /** Stops a program that `launch` has started. */
  async end(name: string, signal = 'TERM'): Promise<void> {
    const pid = (await readFile(join(this.folder, `${name}.pid`), 'utf8')).trim();
    await this.run('kill', [`-${signal}`, pid]);
    await until(`${name} on ${this.name} has ended`, async () => !(await this.#runs(pid)), { timeoutMs: 30_000 });
  }

  async #runs(pid: string): Promise<boolean> {
    return this.run('kill', ['-0', pid]).then(
      () => true,
      () => false,
    );
  }

  /** Stops all its processes with SIGSTOP until `resume`, as if a virtual machine were paused. */
  async pause(): Promise<void> {
    for (const pid of await this.#processes()) signal(pid, 'SIGSTOP');
  }

  async resume(): Promise<void> {
    for (const pid of await this.#processes()) signal(pid, 'SIGCONT');
    await this.#resumeEntered();
  }

  /** nsenter(1) stops when its child is stopped. It must continue to reap the child, or the host never ends. */
  async #resumeEntered(): Promise<void> {
    const entered = (await machineProcesses()).filter(({ command }) => command.includes(`\0--wd=${this.folder}\0`));
    for (const { pid } of entered) signal(pid, 'SIGCONT');
  }

  /** Cuts the network of the host; its processes keep running. */
  async cutLink(): Promise<void> {
    await run('ip', ['link', 'set', this.#device, 'down']);
  }

  async joinLink(): Promise<void> {
    await run('ip', ['link', 'set', this.#device, 'up']);
  }

  /** Limits the bandwidth in each direction, in kbit/s. Excess packets are queued, then dropped. */
  async slowLink(kilobits: number): Promise<void> {
    const bucket = ['root', 'tbf', 'rate', `${kilobits}kbit`, 'burst', '16kbit', 'latency', '500ms'];
    await run('tc', ['qdisc', 'replace', 'dev', this.#device, ...bucket]);
    await this.run('tc', ['qdisc', 'replace', 'dev', 'eth0', ...bucket]);
  }

  async fastLink(): Promise<void> {
    await run('tc', ['qdisc', 'delete', 'dev', this.#device, 'root']);
    await this.run('tc', ['qdisc', 'delete', 'dev', 'eth0', 'root']);
  }

  async #enter(): Promise<string[]> {
    const known = await this.#known();
    if (!known || !(await isAlive(known.first))) throw new Error(`host ${this.name} is not up`);
    // `ip netns exec` would hide the cgroup mounts.
    return ['-t', String(known.first.pid), '-m', '-u', '-i', '-n', '-p', `--wd=${this.folder}`, '--'];
  }

  /** Pids, in the machine's namespace, of all processes on the host, including those of pods. */
  async #processes(): Promise<number[]> {
    const known = await this.#known();
    const all = await machineProcesses();
    const first = all.find(({ pid }) => pid === known?.first.pid);
    return first ? inNamespaces(all, new Set([first.namespace])).map(({ pid }) => pid) : [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function firstChild(pid: number): Promise<number | null> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return Number(children.trim().split(' ')[0]) || null;
}
