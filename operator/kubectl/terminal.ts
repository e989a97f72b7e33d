import { createInterface } from 'node:readline/promises';

/** Where a command writes, and whom it can ask. */
export type Terminal = {
  out(text: string): void;
  /** For messages that are not the result. */
  err(text: string): void;
  /** Somebody can answer a question. */
  readonly isInteractive: boolean;
  /** True for `y` and `yes`. */
  ask(question: string): Promise<boolean>;
  now(): number;
};

export const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // The end of the input is no answer.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    try {
      return isYes(await Promise.race([lines.question(question), closed]));
    } finally {
      lines.close();
    }
  },
  now: () => Date.now(),
};

export const isYes = (answer: string): boolean => ['y', 'yes'].includes(answer.trim().toLowerCase());
