import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

/**
 * A network namespace for cameras, joined to this machine by a veth pair: sources at loopback are never captured. Needs
 * root. The addresses are of the range for tests of network devices (RFC 2544).
 */
export class CameraNetwork {
  readonly #name = `cam${randomInt(1_000, 9_999)}`;
  /** The address of the cameras. */
  readonly address: string;
  /** The address of this machine in that network. */
  readonly here: string;

  constructor() {
    const subnet = `198.19.${randomInt(0, 255)}`;
    this.address = `${subnet}.2`;
    this.here = `${subnet}.1`;
    const [here, there] = [`${this.#name}h`, `${this.#name}c`];
    const inside = ['-n', this.#name];
    try {
      ip('netns', 'add', this.#name);
      ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', this.#name);
      ip('addr', 'add', `${this.here}/30`, 'dev', here);
      ip('link', 'set', here, 'up');
      ip(...inside, 'addr', 'add', `${this.address}/30`, 'dev', there);
      ip(...inside, 'link', 'set', there, 'up');
      ip(...inside, 'link', 'set', 'lo', 'up');
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Pulls the cable of the cameras, or puts it in again. */
  plug(isIn: boolean): void {
    ip('-n', this.#name, 'link', 'set', `${this.#name}c`, isIn ? 'up' : 'down');
  }

  /** The command line that runs a program beside the cameras. */
  within(program: string, args: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#name, program, ...args]];
  }

  /** Removes the namespace, and with it the pair; its programs must have ended. */
  remove(): void {
    try {
      ip('netns', 'del', this.#name);
    } catch {
      // It was not made.
    }
  }
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });
