import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';

/** What a media server is told by its command line and environment; everything else comes from its config. */
export type Env = {
  readonly source:
    | { readonly kind: 'config'; readonly file: string }
    | { readonly kind: 'resources'; readonly dir: string };
  /** Which MediaServer of the resources, when there are several. */
  readonly name: string | null;
  readonly podName: string;
  readonly podId: string;
  /** Address that all listeners bind, `0.0.0.0` by default. */
  readonly listenAddress: string;
  readonly opsPort: number;
  /** Announced when the config names no address: the pod's IP (downward API). */
  readonly podAddress: string | null;
  readonly workerBin: string | null;
  readonly logLevel: string;
};

export const USAGE = `usage: media-server (--config FILE | --resources DIR) [options]

  --config FILE           a ServerConfig (JSON or YAML), its assets beside it
  --resources DIR         MediaServer, StreamApp and RestHook YAML, as for kubectl apply
  --name NAME             which MediaServer of the resources, when there are several
  --listen-address IP     what the listeners bind (default 0.0.0.0)
  --ops-port PORT         metrics and probes (default 9090)
  --log-level LEVEL       trace, debug, info, warn, error (default info)

environment: POD_NAME, POD_IP, MEDIASOUP_WORKER_BIN
`;

const OPTIONS = {
  config: { type: 'string' },
  resources: { type: 'string' },
  name: { type: 'string' },
  'listen-address': { type: 'string', default: '0.0.0.0' },
  'ops-port': { type: 'string', default: '9090' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Throws `UsageError` with a message that names the option. */
export function readEnv(args: readonly string[], environment: NodeJS.ProcessEnv): Env {
  const options = parse(args);
  if (options.help) throw new UsageError('');
  const podName = environment['POD_NAME'] || hostname();
  return {
    source: sourceOf(options),
    name: options.name ?? null,
    podName,
    podId: createHash('sha256').update(podName).digest('hex').slice(0, 12),
    listenAddress: options['listen-address'],
    opsPort: portOf('--ops-port', options['ops-port']),
    podAddress: environment['POD_IP'] || null,
    workerBin: environment['MEDIASOUP_WORKER_BIN'] || null,
    logLevel: levelOf(options['log-level']),
  };
}

export class UsageError extends Error {}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function sourceOf({ config, resources }: { config?: string; resources?: string }): Env['source'] {
  if (config !== undefined && resources !== undefined)
    throw new UsageError('--config and --resources exclude each other');
  if (config !== undefined) return { kind: 'config', file: config };
  if (resources !== undefined) return { kind: 'resources', dir: resources };
  throw new UsageError('--config FILE or --resources DIR is needed');
}

function portOf(option: string, value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new UsageError(`${option}: expected a port (1 to 65535), got "${value}"`);
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

function levelOf(level: string): string {
  if (LOG_LEVELS.includes(level)) return level;
  throw new UsageError(`--log-level: expected one of ${LOG_LEVELS.join(', ')}, got "${level}"`);
}
