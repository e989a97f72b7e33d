import { expect, it } from 'vitest';
import type { ServerCandidate } from './answer.ts';
import { candidatesAt } from './candidates.ts';

const udp = (address: string): ServerCandidate => {
  return { foundation: 'udp', priority: 2, address, port: 44444, protocol: 'udp', type: 'host' };
};
const tcp = (address: string): ServerCandidate => {
  return { ...udp(address), foundation: 'tcp', priority: 1, protocol: 'tcp', tcpType: 'passive' };
};
const both = (...addresses: readonly string[]) => [...addresses.map(udp), ...addresses.map(tcp)];

it.each([
  ['the external address of a node', '10.0.0.7', both('192.0.2.1'), both('10.0.0.7')],
  ['addresses of both families, for IPv4', '10.0.0.7', both('192.0.2.1', '2001:db8::1'), both('10.0.0.7')],
  ['addresses of both families, for IPv6', 'fd00::7', both('192.0.2.1', '2001:db8::1'), both('fd00::7')],
  [
    'a host name, which the sockets of both families announce',
    '10.0.0.7',
    both('m.example', 'm.example'),
    both('10.0.0.7'),
  ],
  ['a host name for one family', 'fd00::7', both('192.0.2.1', 'm.example'), both('fd00::7')],
  ['a family that has no socket', 'fd00::7', both('192.0.2.1'), both('192.0.2.1')],
])('%s', (_what, address, announced, expected) => {
  expect(candidatesAt(address, announced)).toEqual(expected);
});
