import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { ROSTER_FILE } from '../crds/schema/internal.ts';
import { INTERNAL_PORT } from '../crds/schema/media-server.ts';
import { anyAddress } from '../process/addresses.ts';
import { readAddress, readLogLevel, readOptions, readPort, UsageError } from '../process/command-line.ts';
import type { ConfigSource } from './config/load.ts';
import { type AnnouncedFile, addressesOf } from './fleet/announced-address.ts';
import { podIdOf } from './fleet/pod-id.ts';

/** Settings from the command line and the environment. Everything else comes from the config. */
export type Env = {
  readonly source: ConfigSource;
  /** Selects the MediaServer if the resources contain several. */
  readonly name: string | null;
  readonly podName: string;
  readonly podId: string;
  /** Address that all listeners bind; by default all IPv4 and IPv6 addresses. */
  readonly listenAddress: string;
  /** null = from the MediaServer. */
  readonly opsPort: number | null;
  /** Announced if the config names no address: the pod's IPs (downward API), one of each family at most. */
  readonly podAddresses: readonly string[];
  /** Announced instead of `podAddresses`: the external address of the pod's node. */
  readonly announced: AnnouncedFile | null;
  /** File with the fleet's keys; without it there is no internal listener. */
  readonly fleetKeyFile: string | null;
  readonly internalPort: number;
  /** The file with the roster of the fleet, and the uid of this pod in it; without it this is a fleet of one. */
  readonly roster: { readonly file: string; readonly uid: string } | null;
  /** Upper limit of the drain time, milliseconds: the kubelet kills the process soon after it. */
  readonly drainLimitMs: number | null;
  readonly workerBin: string | null;
  /** The program that reads the sources of captures, without Kubernetes. */
  readonly sourcesBin: string;
  /** False if SLUICE_UDP_GSO is 0. */
  readonly udpGso: boolean;
  readonly logLevel: string;
};

export const USAGE = `usage: media-server (--config FILE | --resources DIR) [options]

  --config FILE           a ServerConfig (JSON or YAML), with its assets in the same folder
  --resources DIR         a folder of manifests: MediaServer, StreamApp, RestHook, StreamCapture, Secret
  --name NAME             the MediaServer to run, if the resources contain several
  --listen-address IP     address that the listeners bind (default ::, or 0.0.0.0 without IPv6)
  --ops-port PORT         port for metrics and probes (default: spec.ops.port of the resources, else 9090)
  --fleet-key FILE        keys of the internal listener for the operator (default: no internal listener)
  --internal-port PORT    port of the internal listener (default 9091)
  --roster FILE           the members of the fleet, a JSON file that names POD_UID (default: with POD_UID, roster.json
                          beside the keys; else a fleet of one)
  --announced FILE        addresses by node name (JSON); waits for the one of NODE_NAME and announces it
  --log-level LEVEL       trace, debug, info, warn, error (default info)

environment: POD_NAME, POD_UID, POD_IPS, NODE_NAME, DRAIN_LIMIT_MS, MEDIASOUP_WORKER_BIN, SLUICE_SOURCES_BIN,
             SLUICE_UDP_GSO
`;

const OPTIONS = {
  config: { type: 'string' },
  resources: { type: 'string' },
  name: { type: 'string' },
  'listen-address': { type: 'string' },
  'ops-port': { type: 'string' },
  'fleet-key': { type: 'string' },
  'internal-port': { type: 'string', default: String(INTERNAL_PORT) },
  roster: { type: 'string' },
  announced: { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
} as const;

/** Throws `UsageError` with a message that names the option. */
export function readEnv(args: readonly string[], environment: NodeJS.ProcessEnv): Env {
  const options = readOptions(args, OPTIONS);
  const podName = environment['POD_NAME'] || hostname();
  return {
    source: sourceOf(options),
    name: options.name ?? null,
    podName,
    podId: podIdOf(podName),
    listenAddress: readAddress('--listen-address', options['listen-address'] ?? anyAddress()),
    opsPort: options['ops-port'] === undefined ? null : readPort('--ops-port', options['ops-port']),
    podAddresses: addressesOf(environment['POD_IPS'] ?? ''),
    announced: announcedOf(options.announced, environment['NODE_NAME']),
    fleetKeyFile: options['fleet-key'] ?? null,
    internalPort: readPort('--internal-port', options['internal-port']),
    roster: rosterOf(options, environment['POD_UID']),
    drainLimitMs: drainLimitOf(environment['DRAIN_LIMIT_MS']),
    workerBin: environment['MEDIASOUP_WORKER_BIN'] || null,
    sourcesBin: environment['SLUICE_SOURCES_BIN'] || 'sluice-sources',
    udpGso: udpGsoOf(environment['SLUICE_UDP_GSO']),
    logLevel: readLogLevel('--log-level', options['log-level']),
  };
}

function udpGsoOf(text = ''): boolean {
  if (text === '' || text === '1') return true;
  if (text === '0') return false;
  throw new UsageError(`SLUICE_UDP_GSO: must be 0 or 1, got "${text}"`);
}

function drainLimitOf(text = ''): number | null {
  if (text === '') return null;
  if (!/^\d+$/.test(text)) throw new UsageError(`DRAIN_LIMIT_MS: must be a number of milliseconds, got "${text}"`);
  return Number(text);
}

function sourceOf({ config, resources }: { config?: string; resources?: string }): ConfigSource {
  if (config !== undefined && resources !== undefined)
    throw new UsageError('--config and --resources are mutually exclusive');
  if (config !== undefined) return { kind: 'config', file: config };
  if (resources !== undefined) return { kind: 'resources', dir: resources };
  throw new UsageError('--config FILE or --resources DIR is required');
}

type RosterOptions = { readonly roster?: string; readonly 'fleet-key'?: string };

/** The operator passes no option for it, for images that do not know the option. */
function rosterOf({ roster, 'fleet-key': key }: RosterOptions, uid = ''): Env['roster'] {
  if (roster !== undefined && key === undefined) throw new UsageError('--roster requires --fleet-key');
  if (roster !== undefined && uid === '') throw new UsageError('--roster requires the environment variable POD_UID');
  if (key === undefined || uid === '') return null;
  return { file: roster ?? join(dirname(key), ROSTER_FILE), uid };
}

function announcedOf(file: string | undefined, node: string | undefined): AnnouncedFile | null {
  if (file === undefined) return null;
  if (!node) throw new UsageError('--announced requires the environment variable NODE_NAME');
  return { file, node };
}
