import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../process/addresses.ts';
import { readCaptureOptions } from './options.ts';

const REQUIRED = ['--sources', '/run/sources.sock', '--capture-key', '/keys/capture.key'];
const read = (...args: readonly string[]) => readCaptureOptions([...REQUIRED, ...args], {});

describe('the options of the capture program', () => {
  it('have defaults: the operator tells what to capture', () => {
    expect(read()).toEqual({
      sources: '/run/sources.sock',
      keyFile: '/keys/capture.key',
      podName: hostname(),
      listenAddress: anyAddress(),
      from: { kind: 'operator', port: 9091, opsPort: 9090 },
      logLevel: 'info',
    });
  });

  it('name ports, an address and a level, and the environment names the pod', () => {
    const args = [
      '--internal-port',
      '19091',
      '--ops-port',
      '19090',
      '--listen-address',
      '10.0.0.7',
      '--log-level',
      'debug',
    ];
    expect(readCaptureOptions([...REQUIRED, ...args], { POD_NAME: 'live-capture-a' })).toMatchObject({
      podName: 'live-capture-a',
      listenAddress: '10.0.0.7',
      from: { kind: 'operator', port: 19_091, opsPort: 19_090 },
      logLevel: 'debug',
    });
  });

  it.each([
    [['--resources', 'dir'], { kind: 'folder', dir: 'dir', name: null, mediaPort: 9091 }],
    [
      ['--resources', 'dir', '--name', 'live', '--media-port', '19091'],
      { kind: 'folder', dir: 'dir', name: 'live', mediaPort: 19_091 },
    ],
  ])('%j take captures from a folder', (args, from) => {
    expect(read(...args).from).toEqual(from);
  });

  it.each([
    [['--capture-key', 'k'], '--sources SOCKET is required'],
    [['--sources', 's'], '--capture-key FILE is required'],
    [[...REQUIRED, '--internal-port', '0'], '--internal-port: must be a port from 1 to 65535, got "0"'],
    [[...REQUIRED, '--ops-port', 'x'], '--ops-port: must be a port from 1 to 65535, got "x"'],
    [[...REQUIRED, '--resources', 'd', '--media-port', '70000'], '--media-port: must be a port from 1 to 65535'],
    [[...REQUIRED, '--listen-address', 'localhost'], '--listen-address: must be an IP address, got "localhost"'],
    [[...REQUIRED, '--log-level', 'loud'], '--log-level: must be one of trace, debug, info, warn, error, got "loud"'],
    [[...REQUIRED, '--source', 's'], "Unknown option '--source'"],
  ])('%j are refused', (args, message) => {
    expect(() => readCaptureOptions(args, {})).toThrow(message);
  });
});
