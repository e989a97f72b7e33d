import { hostname } from 'node:os';
import { anyAddress } from '../process/addresses.ts';
import { readAddress, readLogLevel, readOptions, readPort, UsageError } from '../process/command-line.ts';

/** The settings from the command line and environment. */
export type OperatorConfig = {
  /** Empty = all namespaces. */
  readonly watchNamespaces: readonly string[];
  /** The namespace of the Lease. */
  readonly namespace: string;
  /** The name of the Lease; two operators in one namespace need different ones. */
  readonly lease: string;
  /** The default image of media servers. */
  readonly image: string;
  /** The default image of the container that reads the sources of captures. */
  readonly sourcesImage: string;
  readonly leaderElection: boolean;
  /** Identifies this replica; different at each start. */
  readonly identity: string;
  /** Identifies all replicas together; recorded in the status of the MediaServers that they manage. */
  readonly operator: string;
  readonly listenAddress: string;
  readonly port: number;
  readonly logLevel: string;
};

export const USAGE = `usage: operator --image IMAGE [options]

  --image IMAGE             the default image of media servers
  --sources-image IMAGE     the default image that reads sources of captures (default: IMAGE with -sources before its tag)
  --watch-namespaces A,B    default: all namespaces
  --namespace NAME          namespace of the Lease (default: POD_NAMESPACE, else sluice-system)
  --lease NAME              the Lease by which replicas agree on a leader (default sluice-operator)
  --no-leader-election      for a single replica
  --listen-address IP       address for metrics and probes (default ::, or 0.0.0.0 without IPv6)
  --port PORT               port for metrics and probes (default 8080)
  --log-level LEVEL         trace, debug, info, warn, error (default info)

The cluster is taken from KUBECONFIG, ~/.kube/config, or the pod's service account.
`;

const OPTIONS = {
  image: { type: 'string' },
  'sources-image': { type: 'string' },
  'watch-namespaces': { type: 'string', default: '' },
  namespace: { type: 'string' },
  lease: { type: 'string', default: 'sluice-operator' },
  'no-leader-election': { type: 'boolean', default: false },
  'listen-address': { type: 'string' },
  port: { type: 'string', default: '8080' },
  'log-level': { type: 'string', default: 'info' },
} as const;

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Throws `UsageError` with a message that names the option. */
export function readConfig(args: readonly string[], environment: NodeJS.ProcessEnv): OperatorConfig {
  const options = readOptions(args, OPTIONS);
  if (!options.image) throw new UsageError('--image: must be set');
  const name = environment['POD_NAME'] || hostname();
  const namespace =
    options.namespace === undefined
      ? environment['POD_NAMESPACE'] || 'sluice-system'
      : namespaceOf('--namespace', options.namespace);
  const lease = nameOf('--lease', 'Lease', options.lease);
  // An operator run by hand does not use the Lease, so it must not share the identity of those that do.
  const isByHand = options['no-leader-election'] && !environment['POD_NAME'];
  return {
    watchNamespaces: namespacesOf(options['watch-namespaces']),
    namespace,
    lease,
    image: options.image,
    sourcesImage: options['sources-image'] || sourcesImageOf(options.image),
    leaderElection: !options['no-leader-election'],
    operator: `${namespace}/${lease}${isByHand ? `@${hostname()}` : ''}`,
    identity: `${name}_${process.pid}_${Date.now().toString(36)}`,
    listenAddress: readAddress('--listen-address', options['listen-address'] ?? anyAddress()),
    port: readPort('--port', options.port),
    logLevel: readLogLevel('--log-level', options['log-level']),
  };
}

/** `registry:5000/sluice-sources:1.0` for `registry:5000/sluice:1.0`. A digest is of the other image only. */
const sourcesImageOf = (image: string): string => image.replace(/@.*$/, '').replace(/(:[^:/]*)?$/, '-sources$1');

function namespacesOf(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return [...new Set(names)].map((name) => namespaceOf('--watch-namespaces', name));
}

function nameOf(option: string, what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(`${option}: "${name}" is not a valid ${what} name`);
}

const namespaceOf = (option: string, name: string): string => nameOf(option, 'namespace', name);
