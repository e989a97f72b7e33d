import { hostname } from 'node:os';
import { INTERNAL_PORT, OPS_PORT } from '../../crds/schema/media-server.ts';
import { anyAddress } from '../../process/addresses.ts';
import { readAddress, readLogLevel, readOptions, readPort, UsageError } from '../../process/command-line.ts';

/** Settings of the capture program. */
export type Options = {
  /** The unix socket of the program `sources`. */
  readonly sources: string;
  /** File with the keys of the capture role. */
  readonly keyFile: string;
  readonly podName: string;
  readonly listenAddress: string;
  /** Where captures come from. */
  readonly from: FromOperator | FromFolder;
  readonly logLevel: string;
};

export type FromOperator = {
  readonly kind: 'operator';
  /** The port that it calls. */
  readonly port: number;
  /** For metrics and probes. */
  readonly opsPort: number;
};

/** A folder of manifests. */
export type FromFolder = {
  readonly kind: 'folder';
  readonly dir: string;
  /** Selects the MediaServer if the folder has several. */
  readonly name: string | null;
  /** The internal port of the media server, which runs on this machine. */
  readonly mediaPort: number;
};

export const USAGE = `usage: capture --sources SOCKET --capture-key FILE [options]

  --sources SOCKET        unix socket of the program sluice-sources
  --capture-key FILE      keys of the capture role
  --resources DIR         a folder of manifests with StreamCaptures (default: the operator tells)
  --name NAME             the MediaServer of the folder, if it has several
  --media-port PORT       internal port of the media server on this machine, for --resources (default 9091)
  --listen-address IP     address that the listeners bind (default ::, or 0.0.0.0 without IPv6)
  --ops-port PORT         port for metrics and probes (default 9090)
  --internal-port PORT    port on which the operator calls (default 9091)
  --log-level LEVEL       trace, debug, info, warn, error (default info)

environment: POD_NAME
`;

const OPTIONS = {
  sources: { type: 'string' },
  'capture-key': { type: 'string' },
  resources: { type: 'string' },
  name: { type: 'string' },
  'media-port': { type: 'string', default: String(INTERNAL_PORT) },
  'listen-address': { type: 'string' },
  'ops-port': { type: 'string', default: String(OPS_PORT) },
  'internal-port': { type: 'string', default: String(INTERNAL_PORT) },
  'log-level': { type: 'string', default: 'info' },
} as const;

/** Throws `UsageError` with a message that names the option. */
export function readCaptureOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options {
  const options = readOptions(args, OPTIONS);
  if (options.sources === undefined) throw new UsageError('--sources SOCKET is required');
  if (options['capture-key'] === undefined) throw new UsageError('--capture-key FILE is required');
  const mediaPort = readPort('--media-port', options['media-port']);
  const { name = null, resources: dir } = options;
  return {
    sources: options.sources,
    keyFile: options['capture-key'],
    podName: environment['POD_NAME'] || hostname(),
    listenAddress: readAddress('--listen-address', options['listen-address'] ?? anyAddress()),
    from:
      dir === undefined
        ? {
            kind: 'operator',
            port: readPort('--internal-port', options['internal-port']),
            opsPort: readPort('--ops-port', options['ops-port']),
          }
        : { kind: 'folder', dir, name, mediaPort },
    logLevel: readLogLevel('--log-level', options['log-level']),
  };
}
