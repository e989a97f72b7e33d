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
 * A host: one process tree in mount, uts, ipc, network and pid namespaces of its own. When its first process ends, the
 * kernel ends all the others, and its network goes with them. It outlives the process that started it; what is known of
 * it stands in its folder.
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

  /** The end of its cable on the machine's bridge. At most 15 characters (IFNAMSIZ). */
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

  /** Pulls the plug: everything on the host ends at once, without a word. Its disk stays. */
  async kill(): Promise<void> {
    const known = await this.#known();
    const written = known ? [known.first, known.outer] : [];
    await this.#resumeEntered();
    for (const own of [...written, ...(await this.#unwritten())]) {
      // One may end with the other, between the look and the signal.
      if (await isAlive(own)) signal(own.pid, 'SIGKILL');
      await until(`process ${own.pid} of ${this.name} has ended`, async () => !(await isAlive(own)));
    }
    // Its network namespace, and so the cable, may live a moment longer.
    await attempt('ip', ['link', 'delete', this.#device]);
    await rm(join(this.folder, 'host.json'), { force: true });
  }

  /** Processes of a start that was cut short before it wrote them down, by their command line. */
  async #unwritten(): Promise<OwnProcess[]> {
    const start = `${INIT}\0${this.folder}\0${this.name}\0`;
    const ours = (await machineProcesses()).filter(({ command }) => command.includes(start));
    const found = await Promise.all(ours.map(({ pid }) => ownProcess(pid).catch(() => [])));
    return found.flat();
  }

  /** Runs a command on the host to its end. */
  async run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return run('nsenter', [...(await this.#enter()), command, ...args], options);
  }

  /** Starts a program on the host for good; its output goes to `<name>.log` in the host's folder. */
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

  /** Ends a program that `launch` has started. */
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

  /** Stops all its processes where they are; `resume` lets them go on, as after a long pause of a virtual machine. */
  async pause(): Promise<void> {
    for (const pid of await this.#processes()) signal(pid, 'SIGSTOP');
  }

  async resume(): Promise<void> {
    for (const pid of await this.#processes()) signal(pid, 'SIGCONT');
    await this.#resumeEntered();
  }

  /** nsenter(1) stops when its child is stopped. It must go on, or nobody reaps the child and the host never ends. */
  async #resumeEntered(): Promise<void> {
    const entered = (await machineProcesses()).filter(({ command }) => command.includes(`\0--wd=${this.folder}\0`));
    for (const { pid } of entered) signal(pid, 'SIGCONT');
  }

  /** Takes the cable out; what runs goes on running. */
  async cutLink(): Promise<void> {
    await run('ip', ['link', 'set', this.#device, 'down']);
  }

  async joinLink(): Promise<void> {
    await run('ip', ['link', 'set', this.#device, 'up']);
  }

  /** Lets so many kilobits a second through, in each direction; what is too much waits, and then is lost. */
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
    // Not `ip netns exec`, which would hide the cgroup mounts.
    return ['-t', String(known.first.pid), '-m', '-u', '-i', '-n', '-p', `--wd=${this.folder}`, '--'];
  }

  /** Pids, as the machine sees them, of all processes on it, pods included. */
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
