import { describe, expect, it } from 'vitest';
import { inNamespaces, type MachineProcess, machineProcesses } from './host-processes.ts';

const process = (pid: number, parent: number, name: string, namespace: string): MachineProcess => ({
  pid,
  parent,
  name,
  command: `${name}\0`,
  namespace,
});

const pidsIn = (...namespaces: string[]): number[] => inNamespaces(ALL, new Set(namespaces)).map(({ pid }) => pid);

const ALL = [
  process(1, 0, 'init', 'machine'),
  process(10, 1, 'unshare', 'machine'),
  process(11, 10, 'host-init.sh', 'host'),
  process(12, 1, 'nsenter', 'machine'),
  process(13, 12, 'kubelet', 'host'),
  process(14, 11, 'containerd-shim', 'host'),
  process(15, 14, 'traefik', 'pod'),
  process(16, 14, 'sh', ''),
  process(20, 1, 'traefik', 'machine'),
  process(21, 1, 'traefik', 'somebody'),
];

describe('inNamespaces', () => {
  it('finds the processes of a host and its pods, whatever their parent', () => {
    expect(pidsIn('host')).toEqual([11, 13, 14, 15]);
  });

  it('leaves out other processes, whatever their name', () => {
    expect(pidsIn('host')).not.toContain(20);
    expect(pidsIn()).toEqual([]);
  });
});

it('machineProcesses sees this process', async () => {
  const all = await machineProcesses();
  expect(all.find(({ pid }) => pid === globalThis.process.pid)).toMatchObject({ parent: globalThis.process.ppid });
});
