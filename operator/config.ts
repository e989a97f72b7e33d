import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';

/** What the operator is told by its command line and environment. */
export type OperatorConfig = {
  /** Empty = all namespaces. */
  readonly watchNamespaces: readonly string[];
  /** Where its Lease is. */
  readonly namespace: string;
  /** Name of it: two operators in one namespace have each their own. */
  readonly lease: string;
  /** Image of media servers that name none. */
  readonly image: string;
  readonly leaderElection: boolean;
  readonly identity: string;
  readonly listenAddress: string;
  readonly port: number;
  readonly logLevel: string;
};

export const USAGE = `usage: operator --image IMAGE [options]

  --image IMAGE             of media servers that name none
  --watch-namespaces A,B    default: all namespaces
  --namespace NAME          where the Lease is (default: POD_NAMESPACE, else sluice-system)
  --lease NAME              the Lease by which replicas agree on a leader (default sluice-operator)
  --no-leader-election      when there is only ever one replica
  --listen-address IP       of metrics and probes (default 0.0.0.0)
  --port PORT               of metrics and probes (default 8080)
  --log-level LEVEL         debug, info, warn, error (default info)

The cluster is that of KUBECONFIG, of ~/.kube/config, or of the pod's service account.
`;

export class UsageError extends Error {}

const OPTIONS = {
  image: { type: 'string' },
  'watch-namespaces': { type: 'string', default: '' },
  namespace: { type: 'string' },
  lease: { type: 'string', default: 'sluice-operator' },
  'no-leader-election': { type: 'boolean', default: false },
  'listen-address': { type: 'string', default: '0.0.0.0' },
  port: { type: 'string', default: '8080' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Throws `UsageError` with a message that names the option. */
export function readConfig(args: readonly string[], environment: NodeJS.ProcessEnv): OperatorConfig {
  const options = parse(args);
  if (options.help) throw new UsageError('');
  if (!options.image) throw new UsageError('--image: is missing');
  if (!LOG_LEVELS.includes(options['log-level'])) {
    throw new UsageError(`--log-level: expected one of ${LOG_LEVELS.join(', ')}, got "${options['log-level']}"`);
  }
  const name = environment['POD_NAME'] || hostname();
  return {
    watchNamespaces: namespacesOf(options['watch-namespaces']),
    namespace:
      options.namespace === undefined
        ? environment['POD_NAMESPACE'] || 'sluice-system'
        : namespaceOf('--namespace', options.namespace),
    lease: nameOf('--lease', 'a Lease', options.lease),
    image: options.image,
    leaderElection: !options['no-leader-election'],
    identity: `${name}_${process.pid}_${Date.now().toString(36)}`,
    listenAddress: addressOf(options['listen-address']),
    port: portOf(options.port),
    logLevel: options['log-level'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function namespacesOf(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return [...new Set(names)].map((name) => namespaceOf('--watch-namespaces', name));
}

function nameOf(option: string, what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(`${option}: "${name}" is no name of ${what}`);
}

const namespaceOf = (option: string, name: string): string => nameOf(option, 'a namespace', name);

function addressOf(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new UsageError(`--listen-address: expected an IP address, got "${text}"`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65536) return port;
  throw new UsageError(`--port: expected a port (1 to 65535), got "${text}"`);
}
