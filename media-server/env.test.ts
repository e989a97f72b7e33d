import { describe, expect, it } from 'vitest';
import { anyAddress } from '../process/addresses.ts';
import { readEnv } from './env.ts';

describe('readEnv', () => {
  it('reads options and environment', () => {
    const environment = { POD_NAME: 'live-0', POD_IPS: '192.0.2.7,2001:db8::7', MEDIASOUP_WORKER_BIN: '/w' };
    expect(readEnv(['--resources', 'dir', '--name', 'live', '--ops-port', '9191'], environment)).toMatchObject({
      source: { kind: 'resources', dir: 'dir' },
      name: 'live',
      podName: 'live-0',
      podAddresses: ['192.0.2.7', '2001:db8::7'],
      workerBin: '/w',
      opsPort: 9191,
      internalPort: 9091,
      listenAddress: anyAddress(),
    });
  });

  it.each([
    [{}, null],
    [{ DRAIN_LIMIT_MS: '540000' }, 540_000],
    [{ DRAIN_LIMIT_MS: '0' }, 0],
  ])('reads the drain limit from %j', (environment, drainLimitMs) => {
    expect(readEnv(['--config', 'f'], environment)).toMatchObject({ drainLimitMs });
  });

  it('refuses a drain limit that is not a number, since streams would end at once', () => {
    expect(() => readEnv(['--config', 'f'], { DRAIN_LIMIT_MS: '9m' })).toThrow(
      'DRAIN_LIMIT_MS: must be a number of milliseconds',
    );
  });

  it('takes the metrics port from the MediaServer unless an option sets it', () => {
    expect(readEnv(['--config', 'f'], {}).opsPort).toBeNull();
  });

  it('gives a pod a stable, opaque id that is not its name', () => {
    const podId = () => readEnv(['--config', 'f'], { POD_NAME: 'live-0' }).podId;
    expect(podId()).toBe(podId());
    expect(podId()).toMatch(/^[0-9a-f]{12}$/);
  });

  it.each([
    [[], '--config FILE or --resources DIR is required'],
    [['--config', 'a', '--resources', 'b'], 'mutually exclusive'],
    [['--resources', 'a', '--ops-port', '0'], '--ops-port: must be a port from 1 to 65535, got "0"'],
    [['--resources', 'a', '--internal-port', 'x'], '--internal-port: must be a port from 1 to 65535, got "x"'],
    [['--resources', 'a', '--nosuch'], '--nosuch'],
    [['--resources', 'a', '--listen-address', 'here'], '--listen-address: must be an IP address, got "here"'],
    [['--config', 'a', '--announced', 'b'], '--announced requires the environment variable NODE_NAME'],
    [
      ['--resources', 'a', '--log-level', 'loud'],
      '--log-level: must be one of trace, debug, info, warn, error, got "loud"',
    ],
  ])('refuses %j and says why', (args, message) => {
    expect(() => readEnv(args, {})).toThrow(message);
  });
});
