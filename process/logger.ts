import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** Whatever holds a secret or is too large is never written, should it ever get into a log call. */
const REDACTED = [
  'token',
  '*.token',
  'sdp',
  '*.sdp',
  'offer',
  '*.offer',
  'secret',
  '*.secret',
  'authorization',
  '*.authorization',
];

/** Lines of JSON with the level as a word and the time in UTC (RFC 3339), on standard output unless told otherwise. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino(
    { level, formatters, timestamp, redact: { paths: REDACTED, censor: '[redacted]' }, base: null },
    destination,
  );
}
