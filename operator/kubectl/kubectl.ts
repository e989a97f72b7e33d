import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { type Arguments, one } from './arguments.ts';
import { Failure } from './failure.ts';
import { explain, isNotFound } from './kubectl-errors.ts';

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const PASSED_ON = ['namespace', 'context', 'kubeconfig'] as const;

/** Runs kubectl, so that the kubeconfig, contexts and logins of the user apply. */
export class Kubectl {
  readonly #program: string;
  readonly #options: readonly string[];

  constructor(args: Pick<Arguments, 'options'>, program = process.env['KUBECTL'] || 'kubectl') {
    this.#program = program;
    this.#options = PASSED_ON.flatMap((name) => {
      const value = one(args, name);
      return value === undefined ? [] : [`--${name}=${value}`];
    });
  }

  /** The output of kubectl. Throws a `Failure` if it fails. */
  async run(args: readonly string[], input?: object): Promise<string> {
    const { code, stderr, stdout } = await this.#ran(args, input);
    if (code !== 0) throw new Failure(explain(stderr));
    return stdout;
  }

  async list<T>(resources: string, ...more: readonly string[]): Promise<readonly T[]> {
    const { items } = JSON.parse(await this.run(['get', resources, '--output=json', ...more])) as { items: T[] };
    return items;
  }

  /** Null = it does not exist. */
  async get<T>(resource: string, name: string): Promise<T | null> {
    const { code, stderr, stdout } = await this.#ran(['get', '--output=json', '--', `${resource}/${name}`]);
    if (code === 0) return JSON.parse(stdout) as T;
    if (isNotFound(stderr)) return null;
    throw new Failure(explain(stderr));
  }

  async create<T>(object: object): Promise<T> {
    return JSON.parse(await this.run(['create', '--filename=-', '--output=json'], object)) as T;
  }

  /** Starts kubectl for a while; the caller stops it. */
  start(args: readonly string[]): ChildProcess {
    return spawn(this.#program, [...this.#options, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async #ran(args: readonly string[], input?: object): Promise<Ran> {
    const child = spawn(this.#program, [...this.#options, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    // kubectl may exit before it has read everything; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input === undefined ? '' : JSON.stringify(input));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(new Failure(cannotStart(this.#program, error), { cause: error })));
      child.once('close', resolve);
    });
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  }
}

export const cannotStart = (program: string, { message }: Error): string =>
  `cannot start ${program}: ${message}. Install kubectl, or set KUBECTL to its path`;
