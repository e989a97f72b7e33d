import { describe, expect, it } from 'vitest';
import { hostBitsOf, isWithin, parseIp, parseNetwork } from './ip.ts';

describe('parseIp', () => {
  it.each<[string, 4 | 6, bigint]>([
    ['0.0.0.0', 4, 0n],
    ['10.20.0.7', 4, 0x0a140007n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['fd00::7', 6, (0xfd00n << 112n) | 7n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['1:2:3::7:8', 6, 0x00010002000300000000000000070008n],
    ['::ffff:10.20.0.7', 6, 0xffff0a140007n],
    ['64:ff9b::10.20.0.7', 6, (0x0064ff9bn << 96n) | 0x0a140007n],
    ['FD00::A', 6, (0xfd00n << 112n) | 10n],
  ])('reads %s', (text, family, value) => expect(parseIp(text)).toEqual({ family, value }));

  it.each([
    '',
    'camera',
    '10.20.0',
    '10.20.0.256',
    '010.20.0.7',
    '10.20.0.7/8',
    '1:2:3',
    '1::2::3',
    'fe80::1%eth0',
    '[::1]',
  ])('refuses "%s"', (text) => expect(parseIp(text)).toBeNull());
});

describe('parseNetwork', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    '::/129',
    'x/8',
    '10.0.0.0/8/8',
  ])('refuses "%s"', (text) => expect(parseNetwork(text)).toBeNull());
});

describe('hostBitsOf', () => {
  it.each<[string, bigint]>([
    ['10.20.0.0/16', 0n],
    ['10.20.0.7/16', 7n],
    ['10.20.0.7/32', 0n],
    ['10.20.0.7/0', 0x0a140007n],
    ['fd00:20::/32', 0n],
    ['fd00:20::1:0/64', 0x10000n],
  ])('%s has %i', (text, expected) => {
    const network = parseNetwork(text);
    expect(network && hostBitsOf(network)).toBe(expected);
  });
});

describe('isWithin', () => {
  it.each<[string, string, boolean]>([
    ['10.20.0.7', '10.20.0.0/16', true],
    ['10.21.0.7', '10.20.0.0/16', false],
    ['10.20.0.7', '10.20.0.99/16', true],
    ['10.20.0.7', '10.20.0.7/32', true],
    ['10.20.0.8', '10.20.0.7/32', false],
    ['192.0.2.1', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['fd00::1', '::/0', true],
    ['fd00::1', 'fd00::/8', true],
    ['fe00::1', 'fd00::/8', false],
    ['10.20.0.7', '::ffff:10.20.0.0/112', false],
  ])('tells whether %s is in %s', (address, network, expected) => {
    const [ip, parsed] = [parseIp(address), parseNetwork(network)];
    expect(ip && parsed && isWithin(ip, parsed)).toBe(expected);
  });
});
