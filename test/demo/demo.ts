/** The output of a demo, and what it must clean up. */
export class Demo {
  readonly #startedAt = performance.now();
  readonly #interruption = new AbortController();
  readonly #removals: { readonly what: string; readonly remove: () => Promise<unknown> }[] = [];

  /** Aborted by Ctrl-C. */
  readonly signal = this.#interruption.signal;

  /** Prints a line for something that was observed, not merely requested. */
  seen(text: string): void {
    console.log(`${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  }

  /** Registers a clean-up before something is created. Throws after Ctrl-C, so that nothing more is created. */
  removes(what: string, remove: () => Promise<unknown>): void {
    this.signal.throwIfAborted();
    this.#removals.push({ what, remove });
  }

  interrupt(): void {
    this.#interruption.abort();
  }

  /** Runs all clean-ups, the newest first. Returns false if one fails. */
  async clear(): Promise<boolean> {
    let isClear = true;
    for (const { remove, what } of this.#removals.splice(0).reverse()) {
      await remove().catch((error: unknown) => {
        isClear = false;
        console.error(`${what} could not be removed: ${messageOf(error)}`);
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
  // A closed terminal, or `| head`, must not prevent the clean-up.
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
    console.log('Every step succeeded.');
    if (process.stdout.isTTY) await stayUp(demo, suggestions);
    return 0;
  } catch (error) {
    if (demo.signal.aborted) return 130;
    console.error(`\nThe demo failed: ${messageOf(error)}`);
    return 1;
  }
}

async function stayUp({ signal }: Demo, suggestions: string): Promise<void> {
  console.log(`\nThe demo stays up until Ctrl-C. Try:\n\n${suggestions}`);
  const timer = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  clearInterval(timer);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
