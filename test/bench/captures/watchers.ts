import { type ChildProcess, fork } from 'node:child_process';
import type { FramesSeen } from './frames-seen.ts';
import type { WatcherOrder, WatcherSaid } from './watcher-process.ts';

/** What a player has seen since `begin`. */
export type Watched = FramesSeen & {
  readonly name: string;
  readonly isConnected: boolean;
};

/** Players that look at each frame, in a process of their own. */
export class Watchers {
  #process: ChildProcess | null = null;
  #orders = 0;

  /**
   * Asks for a stream every 50 ms until it is played. Resolves with the time at which its first key frame had come
   * (`now()`).
   */
  play(name: string, url: string): Promise<number> {
    return this.#ask({ kind: 'play', name, url }) as Promise<number>;
  }

  /** Forgets what was seen so far. */
  async begin(): Promise<void> {
    await this.#ask({ kind: 'begin' });
  }

  seen(): Promise<Watched[]> {
    return this.#ask({ kind: 'seen' }) as Promise<Watched[]>;
  }

  /** Ends the players of these streams, or all. */
  async leave(names?: readonly string[]): Promise<void> {
    await this.#ask({ kind: 'leave', ...(names && { names }) });
  }

  stop(): void {
    this.#process?.kill('SIGKILL');
  }

  #ask(order: WatcherOrder): Promise<unknown> {
    this.#process ??= fork(new URL('./watcher-process.ts', import.meta.url)).setMaxListeners(0);
    const [child, id] = [this.#process, this.#orders++];
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the process of the players has ended'));
      const onMessage = (message: unknown): void => {
        const said = message as WatcherSaid;
        if (said.id !== id) return;
        child.off('message', onMessage).off('exit', onExit);
        if (said.fault === undefined) resolve(said.value);
        else reject(new Error(said.fault));
      };
      child.on('message', onMessage).once('exit', onExit);
      child.send({ id, order });
    });
  }
}
