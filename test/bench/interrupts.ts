const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const cleaners = new Set<() => unknown>();

/** Runs `clean` if the program is interrupted, before it exits. Returns a function that forgets this. */
export function onInterrupt(clean: () => unknown): () => void {
  if (cleaners.size === 0) for (const signal of SIGNALS) process.once(signal, interrupted);
  cleaners.add(clean);
  return () => {
    cleaners.delete(clean);
    if (cleaners.size === 0) for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}

async function interrupted(): Promise<void> {
  await Promise.allSettled([...cleaners].map(async (clean) => clean()));
  process.exit(130);
}
