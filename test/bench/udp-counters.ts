import { readFile } from 'node:fs/promises';

/**
 * A UDP counter of this machine (RFC 4113): `OutDatagrams` counts what was sent, a train (UDP GSO) once; `SndbufErrors`
 * what a full send buffer refused.
 */
export async function udpCounter(name: 'OutDatagrams' | 'SndbufErrors'): Promise<number> {
  const [names = '', values = ''] = (await readFile('/proc/net/snmp', 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('Udp:'));
  return Number(values.split(' ')[names.split(' ').indexOf(name)]);
}
