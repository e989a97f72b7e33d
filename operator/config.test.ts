import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../process/addresses.ts';
import { UsageError } from '../process/command-line.ts';
import { type OperatorConfig, readConfig } from './config.ts';

const IMAGE = ['--image', 'registry.example/sluice:1'];
const DEFAULTS: OperatorConfig = {
  watchNamespaces: [],
  namespace: 'sluice-system',
  lease: 'sluice-operator',
  image: 'registry.example/sluice:1',
  sourcesImage: 'registry.example/sluice-sources:1',
  leaderElection: true,
  identity: expect.any(String),
  operator: 'sluice-system/sluice-operator',
  listenAddress: anyAddress(),
  port: 8080,
  logLevel: 'info',
};

describe('readConfig', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, Partial<OperatorConfig>]>([
    ['has a default for everything but the image', [], {}, {}],
    [
      'takes the namespace of its pod',
      [],
      { POD_NAMESPACE: 'ops' },
      { namespace: 'ops', operator: 'ops/sluice-operator' },
    ],
    [
      'takes the image that reads sources',
      ['--sources-image', 'registry.example/s@sha256:1'],
      {},
      { sourcesImage: 'registry.example/s@sha256:1' },
    ],
    ['treats an empty POD_NAMESPACE as unset', [], { POD_NAMESPACE: '' }, {}],
    [
      'prefers the option to the namespace of its pod',
      ['--namespace', 'system'],
      { POD_NAMESPACE: 'ops' },
      { namespace: 'system', operator: 'system/sluice-operator' },
    ],
    ['watches the given namespaces, each once', ['--watch-namespaces', 'a, b,,a'], {}, { watchNamespaces: ['a', 'b'] }],
    [
      'elects a leader by the given Lease',
      ['--lease', 'x-operator'],
      {},
      { lease: 'x-operator', operator: 'sluice-system/x-operator' },
    ],
    [
      'leads at once without an election, under another name',
      ['--no-leader-election'],
      {},
      { leaderElection: false, operator: `sluice-system/sluice-operator@${hostname()}` },
    ],
    [
      'has the same name in each of its pods',
      ['--no-leader-election'],
      { POD_NAME: 'sluice-0' },
      { leaderElection: false },
    ],
    [
      'listens on the given address and port',
      ['--listen-address', '127.0.0.1', '--port', '9443'],
      {},
      { listenAddress: '127.0.0.1', port: 9443 },
    ],
    ['listens on IPv6', ['--listen-address', '::'], {}, { listenAddress: '::' }],
    ['logs at the given level', ['--log-level=debug'], {}, { logLevel: 'debug' }],
  ])('%s', (_what, args, environment, expected) => {
    expect(readConfig([...IMAGE, ...args], environment)).toEqual({ ...DEFAULTS, ...expected });
  });

  it('has a new replica identity at each start, even in the same pod', () => {
    const { identity } = readConfig(IMAGE, { POD_NAME: 'sluice-1' });
    expect(identity).toMatch(/^sluice-1_\d+_[0-9a-z]+$/);
  });

  it.each<[string, string[], string]>([
    ['no image', [], '--image: must be set'],
    ['an empty image', ['--image', ''], '--image: must be set'],
    ['an unknown level', [...IMAGE, '--log-level', 'loud'], '--log-level: must be one of trace, debug, info'],
    ['a port that is not a number', [...IMAGE, '--port', 'http'], '--port: must be a port from 1 to 65535, got "http"'],
    ['port 0', [...IMAGE, '--port', '0'], '--port: must be a port'],
    ['a port that is too large', [...IMAGE, '--port', '65536'], '--port: must be a port'],
    ['half a port', [...IMAGE, '--port', '80.5'], '--port: must be a port'],
    ['a port in scientific notation', [...IMAGE, '--port', '8e3'], '--port: must be a port'],
    ['an empty port', [...IMAGE, '--port', ''], '--port: must be a port'],
    ['an address that is a name', [...IMAGE, '--listen-address', 'eth0'], '--listen-address: must be an IP address'],
    ['an empty address', [...IMAGE, '--listen-address', ''], '--listen-address: must be an IP address'],
    [
      'an invalid namespace',
      [...IMAGE, '--watch-namespaces', 'a,B_c'],
      '--watch-namespaces: "B_c" is not a valid namespace name',
    ],
    [
      'an invalid namespace of its own',
      [...IMAGE, '--namespace', 'a/b'],
      '--namespace: "a/b" is not a valid namespace name',
    ],
    ['an invalid Lease name', [...IMAGE, '--lease', 'a/b'], '--lease: "a/b" is not a valid Lease name'],
    ['an empty namespace', [...IMAGE, '--namespace', ''], '--namespace: "" is not a valid namespace name'],
    ['an unknown option', [...IMAGE, '--replicas', '2'], "Unknown option '--replicas'"],
    ['an option without its value', ['--image'], "'--image <value>' argument missing"],
    ['an extra argument', [...IMAGE, 'please'], "Unexpected argument 'please'"],
  ])('refuses %s, and names it', (_what, args, message) => {
    const read = () => readConfig(args, {});
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });

  it.each([[['--help']], [['-h']]])('shows its usage for %j', (args) => {
    expect(() => readConfig(args, {})).toThrow(new UsageError(''));
  });
});

it.each([
  ['registry:5000/sluice', 'registry:5000/sluice-sources'],
  ['registry:5000/sluice:1.0', 'registry:5000/sluice-sources:1.0'],
  ['sluice', 'sluice-sources'],
  ['sluice:1.0@sha256:abc', 'sluice-sources:1.0'],
])('the image %s has %s beside it', (image, sourcesImage) => {
  expect(readConfig(['--image', image], {})).toMatchObject({ image, sourcesImage });
});
