import { existsSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UserFault } from './user-fault.ts';

/** An invalid option; the message names it. An empty message means that help was requested. */
export class UsageError extends Error {}

/** `-h, --help`, which every program has. */
const HELP = { help: { type: 'boolean', short: 'h', default: false } } as const;

/** Parses the options. Throws `UsageError`, also if help is requested. */
export function readOptions<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, ...HELP } });
    if ('help' in values && values.help) throw new UsageError('');
    return values as ReturnType<typeof parseArgs<{ options: T }>>['values'];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function readPort(option: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65536) return port;
  throw new UsageError(`${option}: must be a port from 1 to 65535, got "${text}"`);
}

export function readAddress(option: string, text: string): string {
  if (isIP(text) !== 0) return text;
  throw new UsageError(`${option}: must be an IP address, got "${text}"`);
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

export function readLogLevel(option: string, text: string): string {
  if (LOG_LEVELS.includes(text)) return text;
  throw new UsageError(`${option}: must be one of ${LOG_LEVELS.join(', ')}, got "${text}"`);
}

/** Kubernetes shows the content of this file as the termination message of the container. */
const TERMINATION_LOG = '/dev/termination-log';

/** Runs a program and exits with its code. Prints one line for an error of the user, and a stack trace for a bug. */
export function runProgram(main: () => Promise<number>, usage: string): void {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      const text = lastWords(error, usage);
      const isHelp = error instanceof UsageError && error.message === '';
      (isHelp ? process.stdout : process.stderr).write(text);
      if (existsSync(TERMINATION_LOG)) writeFileSync(TERMINATION_LOG, text);
      process.exit(isHelp ? 0 : error instanceof UsageError ? 2 : 1);
    },
  );
}

function lastWords(error: unknown, usage: string): string {
  if (error instanceof UsageError)
    return error.message === '' ? usage : `${error.message} (--help lists the options)\n`;
  if (error instanceof UserFault) return `${error.message}\n`;
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}
