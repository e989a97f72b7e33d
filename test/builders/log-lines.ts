import { createLogger, type Log } from '../../process/logger.ts';

type Line = Readonly<Record<string, unknown>>;

/** The operator's logger, with its lines recorded for a test. */
export function logLines(level = 'debug'): {
  readonly log: Log;
  readonly text: string[];
  readonly lines: () => Line[];
} {
  const text: string[] = [];
  return {
    log: createLogger(level, { write: (line) => text.push(line) }),
    text,
    lines: () => text.map((line) => JSON.parse(line) as Line),
  };
}
