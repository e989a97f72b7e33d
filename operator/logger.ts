import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** What could hold the content of a Secret is never written, should it ever get into a log call. */
const REDACTED = ['data', '*.data', 'assets', '*.assets', 'key', '*.key', 'authorization', '*.authorization'];

/** Lines of JSON with the level as a word and the time in UTC (RFC 3339), on standard output unless told otherwise. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino(
    { level, formatters, timestamp, redact: { paths: REDACTED, censor: '[redacted]' }, base: null },
    destination,
  );
}
