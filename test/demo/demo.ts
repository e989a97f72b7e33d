/** What a demo prints, and what it has to take away again. */
export class Demo {
  readonly #startedAt = performance.now();
  readonly #interruption = new AbortController();
  readonly #removals: { readonly what: string; readonly remove: () => Promise<unknown> }[] = [];

  /** Aborted by Ctrl-C. */
  readonly signal = this.#interruption.signal;

  /** A line for something that has been seen, not for something that was asked for. */
  seen(text: string): void {
    console.log(`${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  }

  /** How to take away what is about to be made. After Ctrl-C it throws: nothing more is made. */
  removes(what: string, remove: () => Promise<unknown>): void {
    this.signal.throwIfAborted();
    this.#removals.push({ what, remove });
  }

  interrupt(): void {
    this.#interruption.abort();
  }

  /** Takes everything away, the newest first; false when something is left. */
  async clear(): Promise<boolean> {
    let isClear = true;
    for (const { remove, what } of this.#removals.splice(0).reverse()) {
      await remove().catch((error: unknown) => {
        isClear = false;
        console.error(`${what} could not be taken away: ${messageOf(error)}`);
      });
    }
    return isClear;
  }
}

/**
 * Runs a demo. On a terminal it then prints the result of `tell` and stays up until Ctrl-C. Otherwise it exits, with 0
 * only if every step was seen. Before it exits, it removes everything that it created.
 */
export async function runDemo(tell: (demo: Demo) => Promise<string>): Promise<never> {
  const demo = new Demo();
  // A terminal that is gone, or `| head`, must not keep the demo from clearing up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        demo.interrupt();
        resolve(130);
      });
    }
  });
  const code = await Promise.race([interrupted, outcome(demo, tell)]);
  const isClear = await demo.clear();
  process.exit(isClear ? code : code || 1);
}

async function outcome(demo: Demo, tell: (demo: Demo) => Promise<string>): Promise<number> {
  try {
    const suggestions = await tell(demo);
    console.log('Every step was seen.');
    if (process.stdout.isTTY) await stayUp(demo, suggestions);
    return 0;
  } catch (error) {
    if (demo.signal.aborted) return 130;
    console.error(`\nNot everything was seen: ${messageOf(error)}`);
    return 1;
  }
}

async function stayUp({ signal }: Demo, suggestions: string): Promise<void> {
  console.log(`\nIt stays up until Ctrl-C. Try:\n\n${suggestions}`);
  const timer = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  clearInterval(timer);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
