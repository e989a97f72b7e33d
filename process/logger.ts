import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** Fields that hold a secret or are too large. They are never written, even if they get into a log call. */
const REDACTED = [
  'token',
  'sdp',
  'offer',
  'secret',
  'authorization',
  'data',
  'assets',
  'key',
  'password',
  'passphrase',
].flatMap((field) => [field, `*.${field}`]);

/** Logs lines of JSON with the level as a word and the time in UTC (RFC 3339), to standard output by default. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino(
    { level, formatters, timestamp, redact: { paths: REDACTED, censor: '[redacted]' }, base: null },
    destination,
  );
}
